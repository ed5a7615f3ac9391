"""The ways to reach a person, proven before they are relied on, and the person's own rules about them."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.urls import reverse

from core import live
from core.channels import registry as channels
from core.channels import secrets as seals
from core.errors import Refused
from core.events import bus
from core.outbox import operations as outbox
from core.outbox import sealing
from core.outbox.models import Lane, State
from oncall import events
from oncall.alerts.models import Urgency
from oncall.paging import addresses, queries, rules, tokens
from oncall.paging.models import ContactMethod, NotificationRule
from oncall.paging.operations import counting

if TYPE_CHECKING:
    from core.accounts.models import User
    from core.outbox.registry import Outcome

MOST_METHODS = 20
CODES_AN_HOUR = 5


class BadAddress(Refused):
    """The channel says that this is no address of its kind, and why."""


class BadToken(Refused):
    """The channel needs a token of its service, or this is none."""


class SameMethod(Refused):
    def __init__(self) -> None:
        super().__init__("You have this contact method already.")


class TooManyMethods(Refused):
    def __init__(self) -> None:
        super().__init__(f"{MOST_METHODS} contact methods are the most that a person can have.")


class TooManyCodes(Refused):
    def __init__(self) -> None:
        super().__init__(f"{CODES_AN_HOUR} codes were sent within the hour. Wait before you ask for another.")


class WrongCode(Refused):
    def __init__(self) -> None:
        super().__init__("This is not the code that was sent. A code is good for a day.")


class NotVerified(Refused):
    def __init__(self) -> None:
        super().__init__("Verify this contact method first.")


@dataclass(frozen=True, slots=True)
class Added:
    """A new contact method; `secret` is what signs its messages, shown this once; a service's token is not."""

    method: ContactMethod
    secret: str


@transaction.atomic
def add_method(
    user: User, *, channel: str, address: str, label: str = "", secret: str = "", actor: User | None = None
) -> Added:
    """Add a way to reach a person and send it a code. The sign-in e-mail and a browser of theirs count as verified.

    `secret` signs or seals what is sent, on channels that do; an empty one is made here. On others it is the token
    that the service gave.
    """
    counting.lock_person(user.pk)
    known, normal = _checked(channel, address)
    if ContactMethod.objects.filter(user=user).count() >= MOST_METHODS:
        raise TooManyMethods
    if addresses.methods_at(channel, normal).filter(user=user).exists():
        raise SameMethod
    secret = _secret(known, secret)
    method = ContactMethod.objects.create(
        user=user,
        channel=channel,
        address=sealing.stored(normal) if known.is_sealed else normal,
        address_lookup=seals.lookup(channel, normal),
        label=label[:60],
        secret=seals.seal(secret),
    )
    if not known.is_typed or (channel == "email" and normal.lower() == user.email.lower()):
        _mark_verified(method)
    else:
        _send_code(method)
    _note(method, "added", actor or user)
    return Added(method, secret if known.needs_secret else "")


def _secret(channel: channels.Channel, given: str) -> str:
    try:
        return channel.secret_of(given)
    except ValueError as error:
        raise BadToken(str(error)) from error


def _checked(kind: str, address: str) -> tuple[channels.Channel, str]:
    try:
        channel = channels.get(kind)
    except KeyError as error:
        raise BadAddress("There is no such channel.") from error
    try:
        return channel, channel.check_address(address)
    except ValueError as error:
        raise BadAddress(str(error)) from error


@transaction.atomic
def send_code(method: ContactMethod) -> None:
    """Send the verification code of a contact method once more, at most five an hour for one person."""
    counting.lock_person(method.user_id)
    _send_code(method)


def _send_code(method: ContactMethod) -> None:
    address = addresses.plain(method.address)
    counting.lock_addresses([(method.channel, address)])
    # A number that many people claim gets no more than one that one person claims: each text costs.
    sent = max(queries.codes_sent(method.user_id), queries.unasked_to(method.channel, address))
    if sent >= CODES_AN_HOUR:
        raise TooManyCodes
    code = tokens.code(method.pk, address, _today())
    link = settings.BASE_URL + reverse("oncall:notifications")
    text = (
        f"Enter this code to receive pages here: {code}\n\n{link}\n\n"
        "It is good for a day. If you did not ask for it, do nothing: no page will come here."
    )
    outbox.put(
        [
            outbox.NewMessage(
                key=f"contact-{method.pk}-{secrets.token_hex(6)}",
                client=queries.VERIFICATION,
                subject_id=method.pk,
                lane=Lane.PEOPLE,
                channel=method.channel,
                address=method.address,
                secret=method.secret,
                user_id=method.user_id,
                content={
                    "subject": f"{code} is your code for pages from Watchbill",
                    "text": text,
                    "data": {"code": code},
                    "to": seals.lookup(method.channel, address),
                },
                not_after_seconds=3600,
            )
        ]
    )


@transaction.atomic
def verify(method: ContactMethod, *, code: str) -> None:
    """Rely on a contact method from now on, because its person read the code. The first one becomes their rule."""
    today = datetime.now(UTC)
    days = [_today(), (today - timedelta(days=1)).date().isoformat()]
    good = tokens.codes(method.pk, addresses.plain(method.address), days)
    given = code.strip().lower().replace("-", "").replace(" ", "")
    if not any(secrets.compare_digest(given.encode(), each.encode()) for each in good):
        raise WrongCode
    if method.verified_at is None:
        _mark_verified(method)
        _note(method, "verified", method.user)


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def _mark_verified(method: ContactMethod) -> None:
    ContactMethod.objects.filter(pk=method.pk).update(verified_at=Now(), is_enabled=True)
    method.refresh_from_db(fields=["verified_at", "is_enabled"])
    if not NotificationRule.objects.filter(user=method.user_id).exists():
        NotificationRule.objects.bulk_create(
            NotificationRule(user_id=method.user_id, urgency=urgency, method=method)
            for urgency in Urgency.values
        )


@transaction.atomic
def set_enabled(method: ContactMethod, *, enabled: bool, actor: User | None = None) -> None:
    """Use a contact method again, or no more; what waits to be sent to a disabled one is not sent."""
    if enabled and method.verified_at is None:
        raise NotVerified
    if ContactMethod.objects.filter(pk=method.pk).exclude(is_enabled=enabled).update(is_enabled=enabled):
        _note(method, "enabled" if enabled else "disabled", actor or method.user)


@transaction.atomic
def set_takes_calls(method: ContactMethod, *, takes: bool) -> None:
    """Agree that callers of an on-call number are connected to a telephone number of one's own, or no more."""
    if takes and (method.channel != "voice" or method.verified_at is None):
        raise NotVerified
    if ContactMethod.objects.filter(pk=method.pk).exclude(takes_calls=takes).update(takes_calls=takes):
        _note(method, "takes calls" if takes else "takes no calls", method.user)


@transaction.atomic
def rename_method(method: ContactMethod, *, label: str) -> None:
    """Give a contact method another label."""
    ContactMethod.objects.filter(pk=method.pk).update(label=label[:60])


@transaction.atomic
def remove_method(method: ContactMethod, *, actor: User | None = None) -> None:
    """Forget a contact method with the rules that name it; what waits to be sent to it is not sent."""
    _note(method, "removed", actor or method.user)
    method.delete()


@transaction.atomic
def ensure_default(user: User) -> None:
    """Give a person who has no contact method their sign-in e-mail as one, with a rule for each urgency."""
    if user.email and not ContactMethod.objects.filter(user=user).exists():
        add_method(user, channel="email", address=user.email)


def _note(method: ContactMethod, what: str, actor: User) -> None:
    hint = addresses.hint(method.channel, method.address)
    bus.emit(events.ContactMethodChanged(method.user_id, what, method.channel, hint), actor=actor)
    live.changed(f"home-{method.user_id}")


class SameRule(Refused):
    def __init__(self) -> None:
        super().__init__("You have this rule already.")


@transaction.atomic
def add_rule(
    user: User,
    *,
    urgency: str,
    method: ContactMethod,
    delay_seconds: int = 0,
    only_on_call: bool = False,
    actor: User | None = None,
) -> NotificationRule:
    """Page a person at this urgency by this method, so many seconds after the page was due, perhaps only while on call."""
    if method.verified_at is None:
        raise NotVerified
    rule, new = NotificationRule.objects.get_or_create(
        user=user,
        urgency=urgency,
        method=method,
        delay_seconds=delay_seconds,
        defaults={"only_on_call": only_on_call},
    )
    if not new:
        raise SameRule
    when = ", while on call" if only_on_call else ""
    _note_rules(user, f"{urgency}: {method.channel} after {delay_seconds} s{when}", actor or user)
    return rule


@transaction.atomic
def remove_rule(rule: NotificationRule, *, actor: User | None = None) -> None:
    """Take a personal rule back."""
    user = rule.user
    rule.delete()
    _note_rules(user, f"{rule.urgency}: one rule less", actor or user)


def _note_rules(user: User, summary: str, actor: User) -> None:
    bus.emit(events.NotificationRulesChanged(user.pk, summary), actor=actor)


def hear_code(outcomes: Sequence[Outcome]) -> None:
    """Show at a contact method when its code could not be sent; called by the outbox."""
    for outcome in outcomes:
        good = outcome.state in (State.ACCEPTED, State.DELIVERED)
        if good or (outcome.state == State.SUPPRESSED and outcome.detail != rules.CAPPED):
            continue
        method = ContactMethod.objects.filter(pk=outcome.subject_id)
        method.update(last_error=f"The code could not be sent: {outcome.detail}"[:300])
