"""Mails about time off: that it is proposed, that its last day is near, and to managers that it is about to be lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse

from core.accounts import queries as accounts
from core.accounts.models import User
from core.outbox import operations as outbox
from core.outbox.models import Lane
from oncall.timeoff import queries, rules
from oncall.timeoff.models import TimeOff
from oncall.timeoff.rules import State, Why

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.outbox.models import Message
    from core.outbox.registry import Outcome

CLIENT = "oncall.time_off"


def proposed(row: TimeOff) -> None:
    """Tell a person what they have earned."""
    zone = accounts.zone(row.time_zone)
    _put(
        row,
        "proposed",
        [row.user],
        f"{rules.hours_said(row.hours)} off {_why(row)}",
        f"You have earned {rules.hours_said(row.hours)} off {_why(row)}. Say when you take them, by"
        f" {row.take_by:%A %d %b %Y} ({zone.key}). Shifts that meet them are shown, so that somebody covers them.",
    )


def reminded(row: TimeOff) -> None:
    """Remind a person of what they have not planned."""
    _put(
        row,
        "remind",
        [row.user],
        f"Take your {rules.hours_said(row.hours)} off by {row.take_by:%A}",
        f"You have {rules.hours_said(row.hours)} off {_why(row)} and have not said when. {row.take_by:%A %d %b} is the"
        " last day.",
    )


def warned(row: TimeOff) -> None:
    """Tell a person and who manages them that time off is about to be lost."""
    said = f"{rules.hours_said(row.hours)} off {_why(row)}"
    _put(
        row,
        "lose",
        [row.user],
        f"Your {said} are lost after {row.take_by:%A}",
        f"You have {said} and have not said when. {row.take_by:%A %d %b} is the last day.",
    )
    _put(
        row,
        "lose",
        queries.readers(row),
        f"{row.user} is about to lose {rules.hours_said(row.hours)} off",
        f"{row.user} has earned {said} and has not said when. {row.take_by:%A %d %b} is the last day: see that they"
        " get it.",
        settings.BASE_URL + reverse("oncall:my-load"),
    )


def _why(row: TimeOff) -> str:
    return rules.why_said(Why(row.why), row.day)


def _put(
    row: TimeOff, what: str, people: Sequence[User], subject: str, text: str, url: str | None = None
) -> None:
    where = url or queries.address()
    outbox.put(
        [
            outbox.NewMessage(
                key=f"time-off-{row.pk}-{what}-{row.take_by:%Y%m%d}-{user.pk}",
                client=CLIENT,
                subject_id=row.pk,
                lane=Lane.PEOPLE,
                channel="email",
                address=user.email,
                user_id=user.pk,
                content={"subject": subject[:200], "text": f"{text}\n\n{where}", "url": where},
            )
            for user in people
            if user.is_active and user.email
        ]
    )


def unwanted(messages: Sequence[Message]) -> Mapping[int, str]:
    """Hold back mails to people who left, and about what is planned, declined or over by now: the guard."""
    ids = [each.user_id for each in messages if each.user_id is not None]
    active = set(User.objects.active().filter(pk__in=ids).values_list("pk", flat=True))
    about = [each.subject_id for each in messages]
    open_ = set(TimeOff.objects.filter(pk__in=about, state=State.PROPOSED).values_list("pk", flat=True))
    found = {each.pk: "the account is closed" for each in messages if each.user_id not in active}
    return found | {
        each.pk: "it is not to be planned any more" for each in messages if each.subject_id not in open_
    }


def hear(_: Sequence[Outcome]) -> None:
    """Nothing depends on a mail: the first page and My load show the same."""
