"""How people are reached, and the ledger: who was paged, why, when, by what, and what became of each try."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson
from django.conf import settings
from django.db import connection
from django.db.models import Case, Count, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce, Now
from django.shortcuts import get_object_or_404

from core.channels import registry as channels
from core.channels import secrets
from core.channels.null import transport as null
from core.outbox import bundling, history, spending
from core.outbox.models import Message
from core.outbox.registry import Content
from oncall.alerts.models import Urgency
from oncall.paging import addresses, rules, tokens
from oncall.paging.models import ContactMethod, NotificationRule, Page, PageStatus
from oncall.paging.rules import Over
from oncall.quiet.rules import Quiet, said, waits_until
from oncall.schedules import queries as schedules
from oncall.schedules.models import Schedule

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet

    from core.accounts.models import User
    from incidents.lifecycle.models import Incident
    from oncall.alerts.models import Alert
    from oncall.paging.models import PageQuerySet

log = logging.getLogger(__name__)

CLIENT = "oncall.page"
VERIFICATION = "oncall.verification"
HELD = "oncall.held"
"""Messages that bring every page of a person which waited for the end of quiet hours; their subject is the person."""
MOST_SHOWN = 100
"""So many pages about one thing are shown on its own screen; the ledger has them all."""
WAITING = ("escalating", "exhausted")
"""Escalations that nobody has taken: what their pages planned is still wanted."""


@dataclass(frozen=True, slots=True)
class Person:
    """How somebody is reached: their methods in order of age, and their rules by urgency."""

    id: int
    name: str
    email: str
    zone: str
    is_active: bool
    methods: tuple[rules.Method, ...]
    own_rules: tuple[rules.Rule, ...]

    def rules_at(self, urgency: str) -> list[rules.Rule]:
        """Their rules for one urgency."""
        return [rule for rule in self.own_rules if rule.urgency == urgency]


CANARY = Person(
    0, "Canary", "", "UTC", is_active=True, methods=(rules.Method(None, null.KIND, "canary"),), own_rules=()
)
"""Who is asked by the product's own test page: reached by a channel that reaches nobody."""


# Written out, because it stands between every alert and its person: three queries of the ORM take four times as long.
_REACHABLE = """
select u.id, coalesce(nullif(u.name, ''), u.email), u.email, u.time_zone, u.is_active,
    (select json_agg(json_build_array(m.id, m.channel, m.address, m.secret, m.is_enabled and m.verified_at is not null)
        order by m.id) from oncall_contactmethod m where m.user_id = u.id)::text,
    (select json_agg(json_build_array(r.urgency, r.method_id, r.delay_seconds, r.only_on_call)
        order by r.delay_seconds, r.id) from oncall_notificationrule r where r.user_id = u.id)::text
from accounts_user u where u.id = any(%s) order by u.id"""


def reachable(
    ids: Iterable[int], *, at: datetime | None = None, is_on_call: bool = False
) -> dict[int, Person]:
    """Give how these people are reached, with one statement for all of them; who is gone is left out.

    Rules for who is on call are given for those who are at an instant (default: now), or for all with `is_on_call`.
    """
    asked = set(ids)
    canary = {CANARY.id: CANARY} if CANARY.id in asked else {}
    wanted = sorted(asked - canary.keys())
    if not wanted:
        return canary
    with connection.cursor() as cursor:
        cursor.execute(_REACHABLE, [wanted])
        found = canary | {row[0]: _person(row) for row in cursor.fetchall()}
    asks = not is_on_call and any(rule.only_on_call for one in found.values() for rule in one.own_rules)
    return _off_call(found, at) if asks else found


def _off_call(people: Mapping[int, Person], at: datetime | None) -> dict[int, Person]:
    """Leave out the rules for who is on call of those who are not."""
    schedule_ids = list(Schedule.objects.order_by("pk").values_list("pk", flat=True))
    try:
        busy = {pk for piece in schedules.on_call(schedule_ids, at).values() for pk in piece.users}
    except Exception:  # somebody else's schedule must stop no page; a message too many is better than none
        if connection.needs_rollback:
            raise
        log.exception("it cannot be seen who is on call; their rules count as if they were")
        return dict(people)
    return {pk: person if pk in busy else _always(person) for pk, person in people.items()}


def _always(person: Person) -> Person:
    return replace(person, own_rules=tuple(rule for rule in person.own_rules if not rule.only_on_call))


def _person(row: tuple[Any, ...]) -> Person:
    pk, name, email, zone, is_active, methods, chosen = row
    return Person(
        pk,
        name,
        email,
        zone,
        is_active,
        tuple(
            rules.Method(id_, channel, address, secret, usable and is_known(channel))
            for id_, channel, address, secret, usable in orjson.loads(methods or "[]")
        ),
        tuple(rules.Rule(*rule) for rule in orjson.loads(chosen or "[]")),
    )


@dataclass(frozen=True, slots=True)
class Way:
    """What somebody is sent who is paged at an instant: by what, what is to be said of it, and until when it waits."""

    sends: tuple[rules.Send, ...]
    note: str = ""
    waits_until: datetime | None = None


def way_to(person: Person | None, *, urgency: str, at: datetime, quiet: Quiet | None = None) -> Way:
    """Say what somebody is sent who is paged at an instant; the pager and what tries it both ask here.

    `quiet` are their quiet hours and holidays, for which low urgency waits.
    """
    if person is None or not person.is_active:
        return Way((), "Their account is closed.")
    sends, note = rules.sends(person.methods, person.own_rules, urgency=urgency, sign_in=person.email)
    if not sends or quiet is None or urgency != Urgency.LOW:
        return Way(tuple(sends), note)
    until = waits_until(quiet, at=at)
    waits = waiting_said(until, quiet) if until else ""
    return Way(tuple(sends), f"{note} {waits}".strip(), until)


def waiting_said(until: datetime, quiet: Quiet) -> str:
    """Say that a page waits for the end of its person's quiet hours."""
    return f"Waits until {said(until, zone=quiet.zone)}: quiet hours."


def held_pages(user_id: int) -> QuerySet[Page]:
    """Give the pages that wait for the end of somebody's quiet hours, with what their words need."""
    related = ("user", "escalation__alert__service", "escalation__alert__incident__severity")
    found = Page.objects.open().select_related(
        *related, "escalation__incident__severity", "escalation__started_by"
    )
    return found.filter(user=user_id, held_until__gt=Now(), sent_at=None).order_by("pk")


def is_known(kind: str) -> bool:
    """Say whether there is a channel of this kind."""
    return any(channel.kind == kind for channel in channels.all())


def is_for_programs(kind: str) -> bool:
    """Say whether a channel of this kind is read by programs, each of whose messages counts."""
    return is_known(kind) and channels.get(kind).is_for_programs


def channel_name(kind: str) -> str:
    """Give a channel's name for people."""
    return channels.get(kind).name if is_known(kind) else kind


def place(alert_id: int | None, incident: str) -> str:
    """Give the address at which everybody who works here sees what a page is about."""
    about = f"alerts/{alert_id}/" if alert_id else f"incidents/{incident}/" if incident else "alerts/"
    return f"{settings.BASE_URL}/{about}"


def messages_of(page_ids: Sequence[int]) -> dict[int, list[Message]]:
    """Give the messages of pages that are not in the history yet, oldest first, with one query."""
    found: defaultdict[int, list[Message]] = defaultdict(list)
    for message in Message.objects.filter(client=CLIENT, subject_id__in=page_ids).order_by("id"):
        found[message.subject_id].append(message)
    return found


def bundled(digest: Message) -> PageQuerySet:
    """Give the pages that went to their person, or to a channel, in one digest."""
    first = digest.content.get("digest")
    return Page.objects.filter(pk__in=bundling.inside(first or digest).values("subject_id"))


def digest_by_token(token: str) -> Message | None:
    """Give the digest that an address on a phone is for, with its person; None where it was not made here."""
    claim = tokens.parse_digest(token)
    if claim is None:
        return None
    client = CLIENT + bundling.SUFFIX
    found = Message.objects.select_related("user").filter(client=client, pk=claim.id)
    return next((one for one in found if tokens.digest_nonce(one) == claim.nonce), None)


def digest_of_channel(pk: int) -> Message | None:
    """Give the digest that told a channel of a storm, None where there is none of that number."""
    return Message.objects.filter(client=CLIENT + bundling.SUFFIX, pk=pk, user=None).first()


def is_current(page: Page) -> bool:
    """Say whether a page, read with its escalation, still waits for somebody to take it."""
    escalation = page.escalation
    return escalation is not None and escalation.status in WAITING and escalation.epoch == page.epoch


def topics(page: Page) -> list[str]:
    """Name the live topics that show a page, read with its escalation."""
    found = [f"page-{page.pk}"] + ([f"home-{page.user_id}"] if page.user_id else [])
    if page.escalation and page.escalation.alert_id:
        found.append(f"alert-{page.escalation.alert_id}")
    if page.escalation and page.escalation.incident_id:
        found.append(f"incident-{page.escalation.incident_id}")
    if page.escalation and page.escalation.by_hand:
        found.append(f"byhand-{page.escalation_id}")
    return found


def page(pk: int) -> Page | None:
    """Give a page with its person and what it is about."""
    related = ("user", "escalation__alert__incident", "escalation__incident")
    return Page.objects.select_related(*related).filter(pk=pk).first()


def decliners(escalation_ids: Collection[int]) -> dict[int, set[int]]:
    """Give who has declined each of these escalations, with one query."""
    found: defaultdict[int, set[int]] = defaultdict(set)
    said_no = Page.objects.filter(
        escalation__in=escalation_ids, status=PageStatus.DECLINED, user__isnull=False
    )
    for escalation_id, user_id in said_no.values_list("escalation_id", "user_id"):
        found[escalation_id].add(user_id)
    return found


def sent_by(page: Page) -> str:
    """Name the channel that took a page first, "" where none did."""
    sent = Message.objects.filter(client=CLIENT, subject_id=page.pk, state__in=("accepted", "delivered"))
    first = sent.order_by("ended_at", "id").first()
    return channel_name(first.channel) if first else ""


def by_token(token: str) -> Page | None:
    """Give the page that an address on a phone is for, None where the address was not made here."""
    claim = tokens.parse(token)
    return _claimed(claim).first() if claim else None


def by_room_token(token: str) -> Page | None:
    """Give the page that a button in a channel is for, None where it was not made here or the channel is gone."""
    claim = tokens.parse_room(token)
    if claim is None:
        return None
    return _claimed(claim).select_related("destination").filter(destination__isnull=False).first()


def _claimed(claim: tokens.Claim) -> PageQuerySet:
    return Page.objects.select_related(
        "user",
        "escalation__alert__service__team",
        "escalation__alert__integration",
        "escalation__alert__incident__severity",
        "escalation__incident__severity",
        "escalation__acknowledged_by",
        "escalation__started_by",
    ).filter(pk=claim.id, nonce=claim.nonce)


def stored(message: Message) -> Content:
    """Give a message's words as they were written."""
    said = message.content
    return Content(
        str(said["subject"]), str(said["text"]), url=str(said.get("url", "")), data=said.get("data", {})
    )


def code_unwanted(messages: Sequence[Message]) -> dict[int, str]:
    """Say which verification codes are no longer wanted, or cost more than the day has left: the guard."""
    known = set(
        ContactMethod.objects.filter(pk__in=[m.subject_id for m in messages]).values_list("pk", flat=True)
    )
    wanted = [message for message in messages if message.subject_id in known]
    removed = {message.pk: rules.REMOVED for message in messages if message.subject_id not in known}
    return removed | dict.fromkeys(spending.too_much(wanted, urgent=()), rules.CAPPED)


# The ledger ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt: when, and what came of it."""

    at: datetime
    outcome: str
    detail: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message of a page: by which channel, to whom (masked), what became of it, and each attempt."""

    channel: str
    channel_name: str
    address_hint: str
    state: str
    due_at: datetime
    detail: str
    instead: bool
    attempts: tuple[Try, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the ledger."""

    page: Page
    deliveries: tuple[Delivery, ...]


def pages(viewer: User | AnonymousUser) -> PageQuerySet:
    """Give the pages that a person may know of, with what a line of the ledger shows."""
    found = Page.objects.visible_to(viewer).select_related(
        "user",
        "destination",
        "escalation__alert__incident",
        "escalation__incident",
        "escalation__policy",
        "escalation__started_by",
    )
    counted = {"recipients": _recipients()}
    return found.annotate(**counted)


def _recipients() -> Coalesce:
    """How many different people the level of a page asked in its pass; a test page asks its person alone."""
    place = {name: OuterRef(name) for name in ("escalation", "round", "level")}
    asked = Page.objects.filter(**place, user__isnull=False).exclude(over_limit=Over.PASSED_OVER)
    counted = asked.order_by().values("escalation").annotate(people=Count("user", distinct=True))
    return Coalesce(Subquery(counted.values("people")), Case(When(escalation=None, then=1), default=0))


def ledger(
    viewer: User | AnonymousUser,
    *,
    alert: Alert | None = None,
    incident: Incident | None = None,
    user: User | None = None,
    limit: int = MOST_SHOWN,
) -> list[Entry]:
    """Give the latest pages about an alert, an incident with its alerts, or to a person; newest first, three queries."""
    found = pages(viewer)
    if alert is not None:
        found = found.filter(escalation__alert=alert)
    if incident is not None:
        found = found.filter(Q(escalation__incident=incident) | Q(escalation__alert__incident=incident))
    if user is not None:
        found = found.filter(user=user)
    return entries(found.order_by("-id")[:limit])


def entries(found: Iterable[Page]) -> list[Entry]:
    """Give pages with their deliveries and attempts, two queries for all of them."""
    rows = list(found)
    lines = deliveries([page.pk for page in rows])
    return [Entry(page, lines.get(page.pk, ())) for page in rows]


def deliveries(page_ids: Sequence[int]) -> dict[int, tuple[Delivery, ...]]:
    """Give the deliveries of pages, oldest first, with two queries; what went in a digest has its attempts.

    What is over may lie in the history, and is given as well.
    """
    messages: defaultdict[int, list[Message]] = defaultdict(list)
    for message in history.messages(CLIENT, page_ids) if page_ids else ():
        messages[message.subject_id].append(message)
    tries = _tries([message.bundle_of_id or message.pk for own in messages.values() for message in own])
    return {
        page_id: tuple(
            _delivery(message, tries.get(message.bundle_of_id or message.pk, ())) for message in own
        )
        for page_id, own in messages.items()
    }


def _tries(message_ids: Sequence[int]) -> Mapping[int, Sequence[Try]]:
    found: defaultdict[int, list[Try]] = defaultdict(list)
    if message_ids:
        for attempt in history.attempts(message_ids):
            found[attempt.message_id].append(
                Try(attempt.started_at, attempt.outcome or "sending", attempt.detail)
            )
    return found


def _delivery(message: Message, tries: Sequence[Try]) -> Delivery:
    return Delivery(
        message.channel,
        channel_name(message.channel),
        addresses.hint(message.channel, message.address),
        message.state,
        message.due_at,
        message.error,
        message.fallback_of_id is not None,
        tuple(tries),
    )


# A person's own page ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reach:
    """Whether a person can be reached: their methods and rules, the last test, and what is wrong, in a sentence."""

    methods: tuple[ContactMethod, ...]
    rules: tuple[NotificationRule, ...]
    test: Entry | None
    problem: str

    @property
    def urgencies(self) -> list[tuple[str, str, list[NotificationRule]]]:
        """The rules of each urgency, with its name."""
        return [
            (value, label, [rule for rule in self.rules if rule.urgency == value])
            for value, label in Urgency.choices
        ]


def reach(user: User) -> Reach:
    """Give how a person is reached and the result of their last test page."""
    methods = tuple(methods_of(user))
    test = Page.objects.filter(user=user, escalation=None).order_by("-id")[:1]
    return Reach(methods, tuple(rules_of(user)), next(iter(entries(test)), None), _problem(user, methods))


def _problem(user: User, methods: Sequence[ContactMethod]) -> str:
    usable = [
        method
        for method in methods
        if method.is_enabled and method.verified_at is not None and is_known(method.channel)
    ]
    working = [method for method in usable if addresses.is_reachable(method)]
    if usable and not working:
        return "No channel of your contact methods is set up here. Ask an admin, or add one of another kind."
    if not usable and user.email:
        return f"You have no verified contact method, so pages go to your sign-in e-mail {user.email}."
    if not usable:
        return "You have no verified contact method: a page cannot reach you."
    if all(method.last_error for method in working):
        return "The last message failed on every contact method."
    return ""


def methods_of(user: User) -> QuerySet[ContactMethod]:
    """Give a person's own contact methods, oldest first."""
    return ContactMethod.objects.filter(user=user).order_by("id")


def rules_of(user: User) -> QuerySet[NotificationRule]:
    """Give a person's own rules by urgency and delay."""
    return (
        NotificationRule.objects.filter(user=user)
        .select_related("method")
        .order_by("urgency", "delay_seconds", "id")
    )


def own_method(user: User, pk: int) -> ContactMethod:
    """Give one of a person's own contact methods; 404 for anybody else's."""
    return get_object_or_404(methods_of(user), pk=pk)


def own_rule(user: User, pk: int) -> NotificationRule:
    """Give one of a person's own rules; 404 for anybody else's."""
    return get_object_or_404(rules_of(user), pk=pk)


def tests_within(user: User, *, seconds: int) -> int:
    """Give how many test pages a person had in the last so many seconds."""
    since = Now() - Value(timedelta(seconds=seconds))
    return Page.objects.filter(user=user, escalation=None, created_at__gt=since).count()


def codes_sent(user_id: int) -> int:
    """Give how many verification codes went to a person in the last hour."""
    return _codes().filter(user=user_id).count()


def codes_sent_to(kind: str, address: str) -> int:
    """Give how many verification codes went to an address in the last hour, whoever asked for them."""
    same = Q(address=address) | Q(content__to__in=secrets.lookups(kind, address))
    return _codes().filter(same, channel=kind).count()


def unasked_to(kind: str, address: str) -> int:
    """Give how many codes and test pages went to an address in the last hour, whoever asked for them."""
    methods = addresses.methods_at(kind, address)
    tests = Page.objects.filter(
        user__in=methods.values("user"), escalation=None, created_at__gt=Now() - Value(timedelta(hours=1))
    )
    there = Message.objects.filter(
        client=CLIENT,
        subject_id__in=list(tests.values_list("pk", flat=True)),
        content__method__in=list(methods.values_list("pk", flat=True)),
    )
    return codes_sent_to(kind, address) + there.count()


def _codes() -> QuerySet[Message]:
    return Message.objects.filter(client=VERIFICATION, created_at__gt=Now() - Value(timedelta(hours=1)))


def held_for(message: Message) -> list[Page]:
    """Give the pages that a message at the end of quiet hours brings and that nobody was asked about yet."""
    related = ("user", "escalation__alert__service", "escalation__alert__incident__severity")
    return list(
        Page.objects.open()
        .select_related(*related, "escalation__incident__severity", "escalation__started_by")
        .filter(user=message.subject_id, held_until=message.content["until"])
        .order_by("pk")
    )


def held_siblings(message: Message) -> QuerySet[Message]:
    """Give the other messages for the same end of the same person's quiet hours."""
    own = Message.objects.filter(client=HELD, subject_id=message.subject_id, user=message.user_id)
    return own.filter(content__until=message.content["until"]).exclude(pk=message.pk)


def waiting_for(user: User) -> QuerySet[Page]:
    """Give the pages that still wait for a person, the newest first."""
    return (
        Page.objects.open()
        .select_related("escalation__alert__service", "escalation__incident")
        .filter(user=user, escalation__status__in=WAITING)
        .order_by("-id")
    )
