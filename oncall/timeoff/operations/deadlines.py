"""The days on which somebody hears of time off, and the moment at which it is taken or lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from core.accounts import queries as accounts
from core.events import bus
from core.live import publish as live
from core.timers import operations as timers
from oncall.events import TimeOffChanged
from oncall.timeoff import rules
from oncall.timeoff.models import TimeOff
from oncall.timeoff.operations import notices
from oncall.timeoff.rules import State

if TYPE_CHECKING:
    from core.accounts.models import User
    from core.timers.models import Timer

DAY = "oncall.time_off_day"
"""The promise to tell somebody; its occurrence is `remind` or `lose`."""
OVER = "oncall.time_off_over"
"""The promise to look at the end of a plan and of the last day."""


def promise(row: TimeOff) -> None:
    """Promise to tell of the last day, and to look when it is over."""
    zone, now = accounts.zone(row.time_zone), timezone.now()
    for what, days in (("remind", rules.REMIND_DAYS), ("lose", rules.LOSE_DAYS)):
        if (at := rules.told_at(row.take_by, days, zone)) > now:
            timers.set(DAY, row.pk, occurrence=what, due_at=at)
    timers.set(OVER, row.pk, occurrence="last-day", due_at=rules.last_moment(row.take_by, zone))


def promise_end(row: TimeOff) -> None:
    """Promise to look when what is planned is over."""
    assert row.end is not None  # noqa: S101 - it is planned
    timers.set(OVER, row.pk, occurrence=f"plan-{row.version}", due_at=row.end)


def come(timer: Timer) -> None:
    """Tell of what is still not planned."""
    row = TimeOff.objects.filter(pk=timer.subject_id, state=State.PROPOSED).select_related("user").first()
    if row is None:
        return
    tell = {"remind": notices.reminded, "lose": notices.warned}
    tell[timer.occurrence](row)


def over(timer: Timer) -> None:
    """Note that what was planned is taken, and that what nobody planned is lost."""
    found = TimeOff.objects.select_for_update(of=("self",)).select_related("user")
    row = found.filter(pk=timer.subject_id).first()
    if row is None:
        return
    now = timezone.now()
    if row.state == State.PLANNED and row.end is not None and row.end <= now:
        move(row, State.TAKEN, "taken")
    elif row.state == State.PROPOSED and rules.last_moment(row.take_by, accounts.zone(row.time_zone)) <= now:
        move(row, State.EXPIRED, "lost")


def move(row: TimeOff, state: State, what: str, *, actor: User | None = None) -> None:
    """Write down how far it is now, and say so."""
    row.state, row.version = state, row.version + 1
    row.save(update_fields=["state", "version", "start", "end", "absence", "reason"])
    bus.emit(TimeOffChanged(row.pk, row.user_id, what), actor=actor)
    live.changed(f"home-{row.user_id}")
