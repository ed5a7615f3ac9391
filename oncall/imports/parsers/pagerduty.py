"""PagerDuty's schedules of layers (REST API v2): GET /schedules/{id}?since&until and GET /users."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from oncall.imports.parsers.fields import Node, moment
from oncall.imports.rules.source import (
    Exchange,
    Person,
    Reading,
    Rendered,
    SourceSchedule,
    Span,
)
from oncall.imports.rules.turns import Turns, distinct, readings
from oncall.imports.rules.windows import window

if TYPE_CHECKING:
    from oncall.imports.parsers.answers import Answer
    from oncall.schedules.rules.layers import Restriction

YEAR = 366 * 86_400


def schedule(answer: Answer) -> SourceSchedule:
    """Read one schedule with its layers, overrides and final schedule."""
    found = answer.body.node("schedule")
    zone = found.zone("time_zone")
    layers = found.rules("schedule_layers")
    turns = [_turns(layer, zone, number) for number, layer in enumerate(layers)]
    overrides = found.node("overrides_subschedule").nodes("rendered_schedule_entries")
    return SourceSchedule(
        key=found.text("id"),
        name=found.text("name", found.text("summary", found.text("id"))),
        description=found.text("description", ""),
        time_zone=zone,
        readings=_readings(turns, tuple(_exchange(entry) for entry in overrides)),
        remarks=_remarks(answer, zone),
        rendered=_rendered(answer, found),
    )


def people(answer: Answer) -> list[Person]:
    """Read the users of the account, of a schedule, or of its layers: whatever names them with more than an id."""
    found = answer.body.nodes("users")
    inside = answer.body.node("schedule")
    found += [user for user in inside.nodes("users") if "id" in user]
    for layer in inside.nodes("schedule_layers"):
        found += [each.node("user") for each in layer.nodes("users")]
    return [
        Person(user.text("id"), user.text("name", user.text("summary", "")), user.text("email", ""))
        for user in found
        if "id" in user
    ]


def _turns(layer: Node, zone: str, number: int) -> Turns:
    starts = layer.moment("rotation_virtual_start")
    return Turns(
        name=layer.text("name", "").strip() or f"Layer {number + 1}",
        time_zone=zone,
        start=starts,
        length=timedelta(seconds=layer.whole("rotation_turn_length_seconds", least=60, most=YEAR)),
        places=tuple((each.node("user").text("id"),) for each in layer.nodes("users")),
        windows=tuple(each for limit in layer.nodes("restrictions") for each in _windows(limit)),
        since=layer.moment_or_none("start"),
        until=layer.moment_or_none("end"),
    )


def _windows(limit: Node) -> tuple[Restriction, ...]:
    length = timedelta(seconds=limit.whole("duration_seconds", least=1, most=7 * 86_400))
    kind = limit.text("type")
    if kind == "daily_restriction":
        return window(None, limit.clock("start_time_of_day"), length)
    if kind == "weekly_restriction":
        day = limit.whole("start_day_of_week", least=1, most=7)
        return window(day - 1, limit.clock("start_time_of_day"), length)
    raise limit.fail("type", "daily_restriction or weekly_restriction")


def _readings(turns: list[Turns], exchanges: tuple[Exchange, ...]) -> tuple[Reading, ...]:
    """Give what the layers may mean: the API does not say which of them is on top."""
    found: list[Reading] = []
    for said, order in (("first", turns[::-1]), ("last", turns)):
        ranked = [replace(each, rank=rank) for rank, each in enumerate(order)]
        found += readings(ranked, f"the {said} layer listed is on top, ")
    return tuple(replace(each, exchanges=exchanges) for each in distinct(found))


def _exchange(entry: Node) -> Exchange:
    return Exchange(entry.moment("start"), entry.moment("end"), entry.node("user").text("id"))


def _remarks(answer: Answer, zone: str) -> tuple[str, ...]:
    asked = answer.asked("time_zone")
    if not asked or asked == zone:
        return ()
    return (
        f"It was asked for with time_zone={asked}, in which PagerDuty may have told the restrictions as well;"
        f" they are read in {zone}. Ask without time_zone.",
    )


def _rendered(answer: Answer, found: Node) -> Rendered | None:
    """Give the final schedule over the window that was asked for; without its address, over what it spans."""
    entries = found.node("final_schedule").nodes("rendered_schedule_entries")
    spans = tuple(
        Span(entry.moment("start"), entry.moment("end"), entry.node("user").text("id")) for entry in entries
    )
    return over(answer, spans, found.zone("time_zone"))


def over(answer: Answer, spans: tuple[Span, ...], zone: str) -> Rendered | None:
    """Give what was rendered with its window: `since` and `until` of the address, or else the ends of the spans."""
    since, until = answer.asked("since"), answer.asked("until")
    if since and until:
        clock = ZoneInfo(zone)
        return Rendered(
            moment(since, "since in the address", clock), moment(until, "until in the address", clock), spans
        )
    if not spans:
        return None
    return Rendered(min(span.start for span in spans), max(span.end for span in spans), spans)
