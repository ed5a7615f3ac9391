"""Grafana OnCall's schedules (API v1): GET schedules, on_call_shifts, users, shift_swaps and final_shifts."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from oncall.imports.parsers.fields import Node, Unreadable, moment
from oncall.imports.rules.recurring import BYDAY, EVERY_DAY, NotKept, Recurring, instant, rotations
from oncall.imports.rules.source import (
    Exchange,
    Loss,
    OneOff,
    Person,
    Place,
    Reading,
    Rendered,
    Rotation,
    SourceSchedule,
    Span,
    members,
)
from oncall.imports.rules.turns import HOUR, distinct
from oncall.schedules.rules.layers import Unit

if TYPE_CHECKING:
    from oncall.imports.parsers.answers import Answer

KINDS = {"ical", "calendar", "web"}
SINGLE = {"single_event", "override"}
SHIFTS = {*SINGLE, "recurrent_event", "rolling_users"}
# Those of a schedule with all of its overrides.
MOST_SHIFTS = 1_000
# Overrides stand above every level.
ABOVE = 1_000


def schedules(answers: list[Answer]) -> list[SourceSchedule]:
    """Read every schedule of the answers, with its shifts, its swaps and its final shifts."""
    shifts = {node.text("id"): node for node in _results(answers) if node.value.get("type") in SHIFTS}
    found = {node.text("id"): node for node in _results(answers) if node.value.get("type") in KINDS}
    return [_schedule(node, shifts, answers) for node in found.values()]


def people(answers: list[Answer]) -> list[Person]:
    """Read everybody of the list of users or of the final shifts, which both give the address."""
    found = {}
    for node in _results(answers):
        if "username" in node:
            found[node.text("id")] = Person(node.text("id"), node.text("username"), node.text("email", ""))
        elif "user_pk" in node:
            key = node.text("user_pk")
            found.setdefault(key, Person(key, node.text("user_username", ""), node.text("user_email", "")))
    return list(found.values())


def _results(answers: list[Answer]) -> list[Node]:
    """Give the items of lists, and what was asked for alone."""
    return [
        node for answer in answers for node in (answer.body.nodes("results") or [answer.body]) if node.value
    ]


def _schedule(node: Node, shifts: dict[str, Node], answers: list[Answer]) -> SourceSchedule:
    key, zone = node.text("id"), node.zone("time_zone", "UTC")
    missing = [each for each in node.texts("shifts") if each not in shifts]
    if len(node.texts("shifts")) > MOST_SHIFTS:
        raise node.fail("shifts", f"a list of at most {MOST_SHIFTS} items")
    if missing:
        raise Unreadable(f"{node.where}.shifts names {missing[0]}, which the file does not have.")
    of_it = [shifts[each] for each in node.texts("shifts")]
    singles = [_single(shift, zone) for shift in of_it if shift.text("type") in SINGLE]
    recurring = [shift for shift in of_it if shift.text("type") not in SINGLE]
    losses = [
        Loss(name, "What a calendar says is no rule of the schedule: it is left out.", frozenset())
        for name in ("ical_url_primary", "ical_url_overrides")
        if node.text(name, "")
    ]
    one_offs, overrides = _overrides(singles)
    exchanges = (*overrides, *(_swap(each) for each in _swaps(answers, key)))
    return SourceSchedule(
        key=key,
        name=node.text("name"),
        time_zone=zone,
        readings=distinct(
            replace(_reading(recurring, zone, cut=cut), one_offs=tuple(one_offs), exchanges=exchanges)
            for cut in (False, True)
        ),
        losses=tuple(losses),
        rendered=_rendered(key, answers),
    )


def _reading(shifts: list[Node], zone: str, *, cut: bool) -> Reading:
    """Read the shifts that recur; `cut`: the last one of each lasts until `until`, at which it may only begin."""
    kept: list[Rotation] = []
    losses: list[Loss] = []
    for shift in shifts:
        try:
            kept += _rotations(shift, zone, cut=cut)
        except NotKept as reason:
            losses.append(Loss(_name(shift), f"It is left out: {reason}.", members(_places(shift))))
    said = f"the last shift of a rotation {'until `until`' if cut else 'to its end'}"
    return Reading(said, tuple(kept), tuple(losses))


def _overrides(found: list[OneOff]) -> tuple[list[OneOff], list[Exchange]]:
    """Tell overrides as such; those that several people have together stay shifts above all levels."""
    above = [each for each in found if each.rank == ABOVE]
    kept, exchanges = [each for each in found if each.rank != ABOVE], []
    for one in above:
        people = members((one.place,))
        beside = any(other.start < one.end and one.start < other.end for other in above if other is not one)
        if len(people) == 1 and not beside:
            exchanges.append(Exchange(one.start, one.end, *people))
        else:
            kept.append(one)
    return kept, exchanges


def _single(shift: Node, zone: str) -> OneOff:
    clock = ZoneInfo(shift.zone("time_zone", zone))
    first = _local(shift, "start", clock)
    rank = ABOVE if shift.text("type") == "override" else shift.whole("level", 0, most=ABOVE - 1)
    people = next(iter(_places(shift)), None)
    return OneOff(instant(first, clock), instant(first + _length(shift), clock), people, rank)


def _length(shift: Node) -> timedelta:
    return timedelta(seconds=shift.whole("duration", least=1, most=366 * 86_400))


def _swaps(answers: list[Answer], key: str) -> list[Node]:
    """Give the swaps of a schedule that somebody took."""
    return [
        node
        for node in _results(answers)
        if node.value.get("schedule") == key and "benefactor" in node and "swap_start" in node
    ]


def _swap(node: Node) -> Exchange:
    return Exchange(
        node.moment("swap_start"), node.moment("swap_end"), node.text("benefactor"), node.text("beneficiary")
    )


def _name(shift: Node) -> str:
    return shift.text("name", "").strip() or shift.text("id")


def _places(shift: Node) -> tuple[Place, ...]:
    """Give who takes turns: for a shift that does not roll, all of its people together."""
    if shift.text("type") != "rolling_users" and "users" in shift:
        return (tuple(shift.texts("users")) or None,)
    groups = [tuple(group) or None for group in shift.groups("rolling_users")]
    first = shift.whole("start_rotation_from_user_index", 0, most=len(groups))
    return tuple(groups[first:] + groups[:first])


def _rotations(shift: Node, zone: str, *, cut: bool) -> tuple[Rotation, ...]:
    zone = shift.zone("time_zone", zone)
    clock = ZoneInfo(zone)
    first = _local(shift, "start", clock)
    since, until = (
        instant(_local(shift, name, clock), clock) if name in shift else None
        for name in ("rotation_start", "until")
    )
    recurring = Recurring(
        name=_name(shift),
        time_zone=zone,
        first=first,
        length=_length(shift),
        weekly=shift.text("frequency") == "weekly",
        interval=shift.whole("interval", 1, least=1, most=366),
        weekdays=_weekdays(shift, first),
        week_start=_byday(shift, shift.text("week_start", "SU")),
        places=_places(shift),
        since=since,
        until=until if cut else None,
        last_begins=None if cut else until,
        rank=shift.whole("level", 0, most=ABOVE - 1),
    )
    return _recurring(shift, recurring)


def _recurring(shift: Node, recurring: Recurring) -> tuple[Rotation, ...]:
    frequency = shift.text("frequency")
    if frequency == "hourly":
        return (_hourly(recurring),)
    if frequency not in {"daily", "weekly"}:
        raise NotKept(f"it recurs {frequency}, by days of the month")
    for name in ("by_month", "by_monthday"):
        if name in shift:
            raise NotKept(f"{name} has no counterpart")
    return rotations(recurring)


def _hourly(shift: Recurring) -> Rotation:
    if not shift.places:
        raise NotKept("nobody takes part in it")
    if shift.length != shift.interval * HOUR or shift.weekdays != EVERY_DAY:
        raise NotKept("it recurs hourly with pauses")
    start, end = instant(shift.first, ZoneInfo(shift.time_zone)), shift.until
    if shift.last_begins is not None:
        end = max(start + ((shift.last_begins - start) // shift.length + 1) * shift.length, start)
    return Rotation(
        name=shift.name,
        time_zone=shift.time_zone,
        start=start,
        every=shift.interval,
        unit=Unit.HOUR,
        handoff_at=shift.first.time(),
        places=shift.places,
        since=shift.since,
        until=end,
        rank=shift.rank,
    )


def _local(shift: Node, name: str, zone: ZoneInfo) -> datetime:
    """Read a time that is told without an offset, by the clock of the shift's zone."""
    found = moment(shift.text(name), f"{shift.where}.{name}", zone)
    return found.astimezone(zone).replace(tzinfo=None)


def _weekdays(shift: Node, first: datetime) -> frozenset[int]:
    days = shift.texts("by_day")
    if days:
        return frozenset(_byday(shift, day) for day in days)
    return frozenset({first.weekday()}) if shift.text("frequency") == "weekly" else EVERY_DAY


def _byday(shift: Node, name: str) -> int:
    if name not in BYDAY:
        raise shift.fail("by_day", "days as MO and TU")
    return BYDAY.index(name)


def _rendered(key: str, answers: list[Answer]) -> Rendered | None:
    """Read the final shifts that were asked for of this schedule: from the first date to the last, in UTC."""
    asked = [each for each in answers if each.path.endswith(f"/schedules/{key}/final_shifts")]
    windows: defaultdict[tuple[datetime, datetime], list[Span]] = defaultdict(list)
    for answer in asked:
        start, end = (
            moment(answer.asked(name), f"{name} in {answer.path}", ZoneInfo("UTC"))
            for name in ("start_date", "end_date")
        )
        windows[start, end] += [
            Span(each.moment("shift_start"), each.moment("shift_end"), each.text("user_pk"))
            for each in answer.body.nodes("results")
        ]
    for (start, end), spans in windows.items():
        return Rendered(start, end, tuple(spans))
    return None
