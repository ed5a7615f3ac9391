"""What a weekly summary says, and when somebody gets theirs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from core.accounts import queries as accounts
from core.accounts.models import User
from oncall.absences import queries as absences
from oncall.absences.rules import Duty, conflicts
from oncall.destinations.models import Destination
from oncall.load import queries as load
from oncall.lookahead import queries as lookahead
from oncall.schedules import queries as schedules
from oncall.schedules import registry
from oncall.swaps import queries as swaps
from oncall.weekly import rules
from oncall.weekly.models import WeeklySummary
from oncall.weekly.rules import Line, Summary

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from core.accounts.models import Team
    from oncall.schedules.models import Schedule
    from oncall.schedules.queries.stretches import Shift
    from oncall.swaps.models import Swap


def of_user(user: User) -> WeeklySummary:
    """When a person gets theirs: as they chose, or as everybody does."""
    return WeeklySummary.objects.filter(user=user).first() or WeeklySummary(user=user)


def of_team(team: Team) -> WeeklySummary:
    """When the channels of a team are told, which they are not unless a manager says so."""
    return WeeklySummary.objects.filter(team=team).first() or WeeklySummary(team=team, is_on=False)


def zone_of(row: WeeklySummary) -> ZoneInfo:
    """The zone by whose clocks it comes."""
    return accounts.zone(row.user.time_zone if row.user else row.time_zone)


def next_of(row: WeeklySummary, *, now: datetime) -> datetime | None:
    """When the next one comes, None where it is switched off."""
    return rules.next_moment(row.weekday, row.hour, zone=zone_of(row), after=now) if row.is_on else None


def everybody() -> list[WeeklySummary]:
    """The summaries that are switched on: of everybody who works here, and of the teams that want one."""
    chosen = {row.user_id: row for row in WeeklySummary.objects.filter(user__isnull=False)}
    found = []
    for user in User.objects.active().order_by("pk"):
        row = chosen.get(user.pk) or WeeklySummary(user=user)
        row.user = user
        found.append(row)
    teams = WeeklySummary.objects.select_related("team").filter(team__isnull=False).order_by("pk")
    return [row for row in (*found, *teams) if row.is_on]


def summary(user: User, *, now: datetime, looks_ahead: bool = True) -> Summary:
    """What somebody has to know of their week. Only their own: what others were paged about is in none.

    `looks_ahead` adds what will be wrong with the schedules that they answer for.
    """
    zone = accounts.zone(user.time_zone)
    until = now + rules.AHEAD
    today = now.astimezone(zone).date()
    first, last = today - timedelta(days=7), today - timedelta(days=1)
    week = load.pages_of(user, first, last, viewer=user)
    shifts = schedules.shifts_of(user, start=now, end=until)
    return Summary(
        zone=zone,
        shifts=tuple(Line(shift.start, shift.end, shift.name) for shift in shifts),
        swaps=tuple(_swap(swap, user) for swap in swaps.mine(user)),
        wanted=tuple(f"{wish.title} ({wish.note})" for wish in registry.wishes(user)),
        away=_away(user, shifts, start=now, end=until),
        worries=_worries(user, now) if looks_ahead else (),
        pages=week.total,
        out_of_hours=week.out_of_hours,
        woken=len(week.woken),
    )


def _away(user: User, shifts: Sequence[Shift], *, start: datetime, end: datetime) -> tuple[Line, ...]:
    """Where somebody is on call and away."""
    away = absences.away([user.pk], start=start, end=end) if shifts else []
    names = {shift.schedule_id: shift.name for shift in shifts}
    duties = (Duty(user.pk, shift.schedule_id, shift.start, shift.end) for shift in shifts)
    found = conflicts(duties, away)
    return tuple(Line(each.start, each.end, names[each.duty.schedule]) for each in found)


def _swap(swap: Swap, user: User) -> str:
    when = "; ".join(swaps.spans_in_words(swap.given, zone_name=user.time_zone))
    if swap.taker is not None:
        who = f"from {swap.beneficiary}" if swap.taker == user else f"to {swap.taker}"
        return f"{swap.schedule.name}, {when}: {who}, {swap.get_status_display().lower()}"
    return f"{swap.schedule.name}, {when}: nobody has taken it yet"


def _worries(user: User, now: datetime) -> tuple[str, ...]:
    """What the look ahead finds for the schedules that somebody answers for, what is grave first."""
    rows = list(schedules.schedules().select_related("limits"))
    owners = lookahead.owners(rows)
    mine = [row for row in rows if user in owners[row.pk]]
    if not mine:
        return ()
    some = [worry for found in lookahead.worries_among(mine, now).values() for worry in found]
    return tuple(worry.text for worry in sorted(some, key=lambda worry: not worry.is_grave))


def rooms(team: Team) -> list[Destination]:
    """The channels of a team that are in use."""
    return list(Destination.objects.filter(team=team, is_enabled=True).order_by("pk"))


def turns(team: Team, *, start: datetime, end: datetime) -> list[tuple[str, list[Line]]]:
    """Who is on call when in the schedules of a team, by the name of the schedule; nobody is said to be nobody."""
    rows: list[Schedule] = list(schedules.schedules().filter(team=team).order_by("name", "pk"))
    read = schedules.resolve([row.pk for row in rows], start=start, end=end) if rows else {}
    pieces = {row.pk: read[row.pk].final(start, end) for row in rows if row.pk in read}
    ids = {id_ for own in pieces.values() for piece in own for id_ in piece.users}
    names = {pk: str(user) for pk, user in User.objects.in_bulk(ids).items()}
    return [
        (row.name, _lines([(p.start, p.end, p.users) for p in pieces[row.pk]], names))
        for row in rows
        if row.pk in pieces
    ]


def _lines(pieces: list[tuple[datetime, datetime, tuple[int, ...]]], names: dict[int, str]) -> list[Line]:
    """One line for each stretch in which the same people have it."""
    found: list[Line] = []
    for start, end, users in pieces:
        said = " and ".join(names[id_] for id_ in users if id_ in names) or "nobody"
        if found and found[-1].text == said and found[-1].end == start:
            found[-1] = Line(found[-1].start, end, said)
        else:
            found.append(Line(start, end, said))
    return found
