"""A person's own page: their contact methods, rules, codes and tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Q, Value
from django.db.models.functions import Now
from django.shortcuts import get_object_or_404

from core.channels import secrets
from core.outbox import spending
from core.outbox.models import Message
from oncall.alerts.models import Urgency
from oncall.paging import addresses, rules
from oncall.paging.models import ContactMethod, NotificationRule, Page
from oncall.paging.queries.lines import Entry, entries
from oncall.paging.queries.names import CLIENT, VERIFICATION, is_known

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from core.accounts.models import User


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


def code_unwanted(messages: Sequence[Message]) -> dict[int, str]:
    """Say which verification codes are no longer wanted, or cost more than the day has left: the guard."""
    known = set(
        ContactMethod.objects.filter(pk__in=[m.subject_id for m in messages]).values_list("pk", flat=True)
    )
    wanted = [message for message in messages if message.subject_id in known]
    removed = {message.pk: rules.REMOVED for message in messages if message.subject_id not in known}
    return removed | dict.fromkeys(spending.too_much(wanted, urgent=()), rules.CAPPED)


def codes_sent(user_id: int) -> int:
    """Give how many verification codes went to a person in the last hour."""
    return _codes().filter(user=user_id).count()


def codes_sent_to(kind: str, address: str) -> int:
    """Give how many verification codes went to an address in the last hour, whoever asked for them."""
    same = Q(address=address) | Q(content__to__in=secrets.lookups(kind, address))
    return _codes().filter(same, channel=kind).count()


def unasked_to(kind: str, address: str) -> int:
    """Give how many codes and test pages went to an address in the last hour, whoever asked for them.

    A number is one address: its texts and its calls count together.
    """
    return sum(_unasked_by(each, address) for each in (spending.PAID if kind in spending.PAID else [kind]))


def _unasked_by(kind: str, address: str) -> int:
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
