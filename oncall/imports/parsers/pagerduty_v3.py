"""PagerDuty's schedules of shifts (REST API v3): GET /v3/schedules/{id}, and of it /overrides and /custom_shifts."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from oncall.imports.parsers.fields import YEARS, Node
from oncall.imports.parsers.pagerduty import over
from oncall.imports.rules.recurring import BYDAY, EVERY_DAY, NotKept, Recurring, rotations
from oncall.imports.rules.source import (
    Exchange,
    Loss,
    OneOff,
    Place,
    Reading,
    Rendered,
    Rotation,
    SourceSchedule,
    Span,
    members,
)
from oncall.imports.rules.turns import distinct

if TYPE_CHECKING:
    from oncall.imports.parsers.answers import Answer

UNDERSTOOD = {"FREQ", "INTERVAL", "BYDAY", "WKST", "UNTIL"}


def schedule(answer: Answer, answers: list[Answer]) -> SourceSchedule:
    """Read one schedule with its rotations, and the overrides and custom shifts that belong to it."""
    found = answer.body.node("schedule")
    key, zone = found.text("id"), found.zone("time_zone")
    events = [event for rotation in found.rules("rotations") for event in rotation.rules("events")]
    of_it = {rotation.text("id") for rotation in found.nodes("rotations")}
    custom = [each for each in _all(answers, "custom_shifts") if f"/schedules/{key}/" in _place_of(each)]
    shifts = tuple(_custom(each) for each in custom)
    overrides = [
        each
        for each in _all(answers, "overrides")
        if each.text("rotation_id", "") in of_it or f"/schedules/{key}/" in _place_of(each)
    ]
    return SourceSchedule(
        key=key,
        name=found.text("name", key),
        description=found.text("description", ""),
        time_zone=zone,
        readings=_readings(events, zone, shifts, tuple(_exchange(each) for each in overrides)),
        losses=tuple(loss for event in events for loss in _exceptions(event)),
        rendered=_rendered(answer, found),
    )


def _all(answers: list[Answer], name: str) -> list[Node]:
    return [
        Node(each.value | {"asked": f"{answer.path}/"}, each.where)
        for answer in answers
        for each in answer.body.nodes(name)
    ]


def _place_of(node: Node) -> str:
    return node.text("self", "") + node.text("asked", "")


def _readings(
    events: list[Node], zone: str, shifts: tuple[OneOff, ...], exchanges: tuple[Exchange, ...]
) -> tuple[Reading, ...]:
    """Give what the events may mean: whose the first shift is, in whose zone the hours are, how the last shift ends."""
    found = []
    for (said, counts_since), (where, named), (ends, cut) in product(
        (("of the event", False), ("after effective_since", True)),
        (("the event's", None), ("the schedule's", zone)),
        (("to its end", False), ("until UNTIL", True)),
    ):
        kept: list[Rotation] = []
        losses: list[Loss] = []
        for event in events:
            try:
                kept += rotations(_recurring(event, named, counts_since=counts_since, cut=cut))
            except NotKept as reason:
                people = members(_strategy(event)[0])
                losses.append(Loss(_name(event), f"It is left out: {reason}.", people))
        words = f"turns counted from the first shift {said}, hours in {where} zone, the last shift {ends}"
        found.append(Reading(words, tuple(kept), tuple(losses), shifts, exchanges))
    return distinct(found)


def _recurring(event: Node, named: str | None, *, counts_since: bool, cut: bool) -> Recurring:
    zone = named or event.node("start_time").zone("time_zone", "UTC")
    first, last = (
        event.node(end).moment("date_time").astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        for end in ("start_time", "end_time")
    )
    rule = _rule(event)
    weekly = rule.get("FREQ") == "WEEKLY"
    since = event.moment_or_none("effective_since")
    places, shifts_each = _strategy(event)
    recurs_until = _until(rule, zone)
    ends = [each for each in (event.moment_or_none("effective_until"), recurs_until if cut else None) if each]
    return Recurring(
        name=_name(event),
        time_zone=zone,
        first=first,
        length=last - first,
        weekly=weekly,
        interval=_interval(rule),
        weekdays=_weekdays(rule, first),
        week_start=BYDAY.index(rule["WKST"]) if rule.get("WKST") in BYDAY else 0,
        places=places,
        shifts_each=shifts_each,
        counted_from=since.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        if counts_since and since
        else None,
        since=since,
        until=min(ends, default=None),
        last_begins=None if cut else recurs_until,
    )


def _name(event: Node) -> str:
    return event.text("name", "").strip() or "Event"


def _strategy(event: Node) -> tuple[tuple[Place, ...], int]:
    """Give who has the shifts in turn, and how many each has before the next."""
    strategy = event.node("assignment_strategy")
    found = [_member(each) for each in strategy.nodes("members")]
    kind = strategy.text("type")
    if kind == "every_member_assignment_strategy":
        return (tuple(key for key in found if key) or None,), 1
    if kind != "rotating_member_assignment_strategy":
        raise strategy.fail("type", "rotating_member_ or every_member_assignment_strategy")
    return tuple((key,) if key else None for key in found), strategy.whole("shifts_per_member", 1, least=1)


def _member(node: Node) -> str | None:
    kind = node.text("type")
    if kind == "empty_member":
        return None
    if kind != "user_member":
        raise node.fail("type", "user_member or empty_member")
    return node.text("user_id")


def _rule(event: Node) -> dict[str, str]:
    """Read the parts of the event's one RRULE. Raises NotKept for a part that we cannot express."""
    lines = [line for line in event.texts("recurrence") if line.upper().startswith("RRULE:")]
    if len(lines) != 1:
        raise NotKept("it has no single RRULE")
    rule = dict(part.split("=", 1) for part in lines[0][6:].upper().split(";") if "=" in part)
    if rule.get("FREQ") not in {"DAILY", "WEEKLY"}:
        raise NotKept(f"FREQ={rule.get('FREQ', '')} is neither DAILY nor WEEKLY")
    if others := sorted(set(rule) - UNDERSTOOD):
        raise NotKept(f"{', '.join(f'{name}={rule[name]}' for name in others)} has no counterpart")
    return rule


def _interval(rule: dict[str, str]) -> int:
    text = rule.get("INTERVAL", "1")
    if not text.isdecimal() or len(text) > 3 or not 1 <= int(text) <= 366:
        raise NotKept(f"INTERVAL={text} is no number from 1 to 366")
    return int(text)


def _weekdays(rule: dict[str, str], first: datetime) -> frozenset[int]:
    if "BYDAY" not in rule:
        return frozenset({first.weekday()}) if rule["FREQ"] == "WEEKLY" else EVERY_DAY
    names = rule["BYDAY"].split(",")
    if not set(names) <= set(BYDAY):
        raise NotKept(f"BYDAY={rule['BYDAY']} names more than weekdays")
    return frozenset(BYDAY.index(name) for name in names)


def _until(rule: dict[str, str], zone: str) -> datetime | None:
    """Read until when the last shift may begin; one that begins at that very instant counts."""
    if "UNTIL" not in rule:
        return None
    try:
        found = datetime.fromisoformat(rule["UNTIL"])
    except ValueError:
        raise NotKept(f"UNTIL={rule['UNTIL']} is no moment") from None
    if found.year > YEARS[-1]:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


def _exceptions(event: Node) -> list[Loss]:
    """List dates that are taken out of the rule or added to it."""
    odd = [line for line in event.texts("recurrence") if not line.upper().startswith("RRULE:")]
    why = "These dates are left out: a rotation has no single exceptions. Enter an override for them here."
    return [Loss(f"{_name(event)}, {line}", why, members(_strategy(event)[0])) for line in odd]


def _custom(shift: Node) -> OneOff:
    """Read a shift outside of all rotations: somebody who is on call as well."""
    people = [_member(each.node("member")) for each in shift.nodes("assignments")]
    return OneOff(
        shift.moment("start_time"), shift.moment("end_time"), tuple(key for key in people if key) or None
    )


def _exchange(override: Node) -> Exchange:
    return Exchange(
        override.moment("start_time"),
        override.moment("end_time"),
        _member(override.node("overriding_member")),
        _member(override.node("overridden_member")),
    )


def _rendered(answer: Answer, found: Node) -> Rendered | None:
    assignments = found.node("final_schedule").nodes("computed_shift_assignments")
    spans = [
        Span(each.moment("start_time"), each.moment("end_time"), key)
        for each in assignments
        if (key := _member(each.node("member"))) is not None
    ]
    return over(answer, tuple(spans), found.zone("time_zone")) if "final_schedule" in found else None
