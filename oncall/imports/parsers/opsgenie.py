"""Opsgenie's schedules (API v2): GET /v2/schedules?expand=rotation, and of each /overrides and /timeline."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from typing import TYPE_CHECKING

from oncall.imports.rules.source import Exchange, Loss, Person, Place, Rendered, SourceSchedule, Span, members
from oncall.imports.rules.turns import Turns, distinct, readings
from oncall.imports.rules.windows import WEEK, until, window
from oncall.schedules.rules.layers import WEEKDAYS, Restriction

if TYPE_CHECKING:
    from oncall.imports.parsers.answers import Answer
    from oncall.imports.parsers.fields import Node

LENGTHS = {"hourly": timedelta(hours=1), "daily": timedelta(days=1), "weekly": timedelta(days=7)}
DAYS = [day.lower() for day in WEEKDAYS]


def schedules(answers: list[Answer]) -> list[SourceSchedule]:
    """Read every schedule of the answers, with the overrides and the timeline that name it."""
    found = {node.text("id"): node for answer in answers for node in _data(answer) if "timezone" in node}
    return [_schedule(node, answers) for node in found.values()]


def people(answers: list[Answer]) -> list[Person]:
    """Read everybody whom rotations, overrides, timelines or a list of users name; the user name is the address."""
    found: dict[str, Person] = {}
    for answer in answers:
        for node in _data(answer):
            named = [each for rotation in node.nodes("rotations") for each in rotation.nodes("participants")]
            named += [node.node("user")] if "user" in node else []
            named += [node] if "username" in node else []
            named += [period.node("recipient") for period in _periods(node)]
            for each in named:
                person = _person(each)
                if person is not None and (person.email or person.key not in found):
                    found[person.key] = person
    return list(found.values())


def _person(node: Node) -> Person | None:
    if node.text("type", "user") != "user" or not node.value:
        return None
    name = node.text("username", node.text("name", ""))
    return Person(_key(node), node.text("fullName", "" if "@" in name else name), name if "@" in name else "")


def _key(node: Node) -> str:
    """Name somebody by the user name, which each answer gives; the id stands in some alone."""
    return node.text("username", node.text("name", node.text("id", ""))).lower()


def _data(answer: Answer) -> list[Node]:
    one = isinstance(answer.body.value.get("data"), dict)
    return [answer.body.node("data")] if one else answer.body.nodes("data")


def _schedule(node: Node, answers: list[Answer]) -> SourceSchedule:
    key, zone = node.text("id"), node.zone("timezone", "UTC")
    rotations = node.rules("rotations")
    turns = [_turns(rotation, zone, number) for number, rotation in enumerate(rotations)]
    timeline = next((each for each in _of(answers, key) if "finalTimeline" in each), None)
    overrides = [each for each in _of(answers, key) if "alias" in each]
    exchanges = tuple(each for override in overrides for each in _exchanges(override, rotations))
    losses = [loss for rotation in rotations for loss in _strangers(rotation)]
    losses += _forwarded(timeline)
    return SourceSchedule(
        key=key,
        name=node.text("name"),
        description=node.text("description", ""),
        time_zone=zone,
        readings=tuple(replace(each, exchanges=exchanges) for each in distinct(readings(turns))),
        losses=tuple(losses),
        remarks=("It is switched off there.",) if node.value.get("enabled") is False else (),
        rendered=_rendered(timeline) if timeline else None,
    )


def _of(answers: list[Answer], key: str) -> list[Node]:
    """Give what the answers say of one schedule: of its own address, or with its id as the parent."""
    return [
        node
        for answer in answers
        for node in _data(answer)
        if node.node("_parent").value.get("id") == key or f"/schedules/{key}/" in f"{answer.path}/"
    ]


def _turns(rotation: Node, zone: str, number: int) -> Turns:
    kind = rotation.text("type")
    if kind not in LENGTHS:
        raise rotation.fail("type", "hourly, daily or weekly")
    return Turns(
        name=rotation.text("name", "").strip() or f"Rotation {number + 1}",
        time_zone=zone,
        start=rotation.moment("startDate"),
        length=rotation.whole("length", 1, least=1, most=366) * LENGTHS[kind],
        places=tuple(_place(each) for each in rotation.nodes("participants")),
        windows=_windows(rotation.node("timeRestriction")),
        until=rotation.moment_or_none("endDate"),
    )


def _place(participant: Node) -> Place:
    return (_key(participant),) if participant.text("type") == "user" else None


def _windows(limit: Node) -> tuple[Restriction, ...]:
    if not limit.value:
        return ()
    kind = limit.text("type")
    if kind == "time-of-day":
        inside = limit.node("restriction")
        start, end = _clock(inside, "start"), _clock(inside, "end")
        return window(None, start, until(start, end))
    if kind != "weekday-and-time-of-day":
        raise limit.fail("type", "time-of-day or weekday-and-time-of-day")
    found: list[Restriction] = []
    for inside in limit.nodes("restrictions"):
        start, end = _clock(inside, "start"), _clock(inside, "end")
        first, last = _day(inside, "startDay"), _day(inside, "endDay")
        found += window(first, start, until(start, end, (last - first) % 7, round_trip=WEEK))
    return tuple(found)


def _clock(node: Node, which: str) -> time:
    return time(node.whole(f"{which}Hour", 0, most=23), node.whole(f"{which}Min", 0, most=59))


def _day(node: Node, name: str) -> int:
    day = node.text(name).lower()
    if day not in DAYS:
        raise node.fail(name, "a day of the week")
    return DAYS.index(day)


def _exchanges(override: Node, rotations: list[Node]) -> list[Exchange]:
    """Read an override; one of some rotations is instead of each of their people, one of all is instead of everybody."""
    start, end, user = override.moment("startDate"), override.moment("endDate"), override.node("user")
    person = _key(user) if user.text("type", "user") == "user" else None
    chosen = {each.text("id", each.text("name", "")) for each in override.nodes("rotations")}
    of = [each for each in rotations if chosen & {each.text("id"), each.text("name", "")}]
    if not chosen or len(of) == len(rotations):
        return [Exchange(start, end, person)]
    leave = sorted(members(tuple(_place(each) for rotation in of for each in rotation.nodes("participants"))))
    return [Exchange(start, end, person, key) for key in leave if key != person]


def _strangers(rotation: Node) -> list[Loss]:
    """List the places that a team or an escalation has: nobody of ours can stand for it."""
    return [
        Loss(
            rotation.text("name", "a rotation"),
            f"The place of the {each.text('type')} {each.text('name', each.text('id', ''))} has nobody:"
            " only people take turns here.",
            frozenset({_key(each)}),
        )
        for each in rotation.nodes("participants")
        if each.text("type") not in {"user", "none"}
    ]


def _periods(node: Node) -> list[Node]:
    timeline = node.node("finalTimeline")
    return [period for rotation in timeline.nodes("rotations") for period in rotation.nodes("periods")]


def _forwarded(timeline: Node | None) -> list[Loss]:
    """List whom duty was forwarded to: a forwarding rule belongs to a person there and is no part of a schedule."""
    found = {
        _key(period.node("recipient"))
        for period in (_periods(timeline) if timeline else [])
        if period.text("type", "") == "forwarding"
    }
    why = "It belongs to a person there, not to the schedule. Enter an override for it here."
    return [Loss("Forwarding", why, frozenset(found))] if found else []


def _rendered(timeline: Node) -> Rendered:
    return Rendered(
        timeline.moment("startDate"),
        timeline.moment("endDate"),
        tuple(span for period in _periods(timeline) for span in _spans(period)),
    )


def _spans(period: Node) -> list[Span]:
    start, end = period.moment("startDate"), period.moment("endDate")
    named = period.nodes("flattenedRecipients") or [period.node("recipient")]
    return [
        Span(start, end, _key(each)) for each in named if each.value and each.text("type", "user") != "none"
    ]
