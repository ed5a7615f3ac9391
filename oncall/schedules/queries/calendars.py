"""The calendar: who is on call when, drawn and in words, and when nobody is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from core.accounts.models import User
from oncall.schedules import grid
from oncall.schedules.models import Override
from oncall.schedules.queries.reading import resolve
from oncall.schedules.rules import layers as values
from oncall.schedules.rules import resolver, windows

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from oncall.schedules.models import Schedule
    from oncall.schedules.queries.reading import Resolved


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the calendar, with the words beside it."""

    label: str
    note: str
    blocks: list[grid.Block]


@dataclass(frozen=True, slots=True)
class Calendar:
    """Some days of a schedule: layers, overrides, and the line that says who is paged."""

    schedule: Schedule
    window: grid.Window
    layers: list[Row]
    overrides: Row
    final: list[grid.Block]
    people: dict[int, User]
    overlaps: dict[int, Override]
    swaps: Row
    pieces: tuple[resolver.Slice, ...] = ()
    rotations: tuple[values.Layer, ...] = ()

    @property
    def gaps(self) -> list[grid.Block]:
        return [block for block in self.final if block.is_gap]

    def around(self, block: grid.Block) -> tuple[resolver.Slice | None, resolver.Slice | None]:
        """What is drawn before and after a block of the final line."""
        before = next((piece for piece in self.pieces if piece.end == block.start), None)
        return before, next((piece for piece in self.pieces if piece.start == block.end), None)

    def reach(self, gap: grid.Block) -> values.Layer | None:
        """The rotation that comes on call after a gap and could do so when the gap begins, if one could."""
        _, after = self.around(gap)
        lineages = {key.lineage for _, key in after.shifts} if after else set()
        for layer in self.rotations:
            zone = ZoneInfo(layer.time_zone)
            edges = gap.start.astimezone(zone), gap.end.astimezone(zone)
            if layer.lineage in lineages and windows.reaching(layer.restrictions, *edges):
                return layer
        return None


def calendar(
    schedule: Schedule, *, first: date, days: int, zone: ZoneInfo, now: datetime, unit: timedelta = grid.HOUR
) -> Calendar:
    """Work out a schedule's calendar from the midnight of `first` in `zone`, drawn in columns of one `unit`."""
    window = grid.window(first, days=days, zone=zone, now=now, unit=unit)
    one = resolve([schedule.pk], start=window.start, end=window.end)[schedule.pk]
    away = one.away(window.start, window.end)
    rows: dict[int, Row] = {}
    for layer in one.layers:  # an edited rotation is drawn on one line, before and after
        row = rows.setdefault(layer.lineage, Row(layer.name, "", []))
        if layer.is_fed:
            own = [each for each in one.overrides if each.layer == layer.lineage]
            shifts = resolver.final([layer], own, window.start, window.end, away=away)
        else:
            shifts = resolver.layer_shifts(layer, window.start, window.end, away=away)
        row.blocks.extend(grid.blocks(shifts, within=window, gaps=False))
        rows[layer.lineage] = replace(row, note="from a calendar" if layer.is_fed else rhythm(layer))
    pieces = one.final(window.start, window.end)
    final = grid.blocks(pieces, within=window, gaps=True)
    entered = [each for each in one.overrides if each.kind is values.Exceptional.OVERRIDE]
    swapped = [each for each in one.overrides if each.kind is values.Exceptional.SWAP]
    over = grid.exceptions(entered, within=window)
    given = grid.exceptions(swapped, within=window)
    read = [each for each in one.overrides if each.kind is values.Exceptional.CALENDAR and each.layer is None]
    for name in dict.fromkeys(each.by for each in read):
        own = [each for each in read if each.by == name]
        rows[-len(rows) - 1] = Row(name, "overrides, from a calendar", grid.exceptions(own, within=window))
    drawn = [block for row in rows.values() for block in row.blocks] + final + over + given
    people = User.objects.in_bulk({pk for block in drawn for pk in block.users})
    known = Override.objects.select_related("user", "replaces", "created_by").in_bulk(
        [override.id for override in entered]
    )
    return Calendar(
        schedule,
        window,
        list(rows.values()),
        Row("Overrides", "and covers", over),
        final,
        people,
        known,
        Row("Swaps", "of whole shifts", given),
        pieces,
        one.layers,
    )


def rhythm(layer: values.Layer) -> str:
    """A rotation in words, as weekly, Mon 09:00."""
    handoff = layer.handoff
    one = {
        values.Unit.HOUR: "hourly",
        values.Unit.DAY: "daily",
        values.Unit.WEEK: "weekly",
        values.Unit.MONTH: "monthly",
    }
    every = one[handoff.unit] if handoff.every == 1 else f"every {handoff.every} {handoff.unit}s"
    if handoff.unit is values.Unit.HOUR:
        return every
    day = f"{values.WEEKDAYS[handoff.weekday][:3]} " if handoff.weekday is not None else ""
    return f"{every}, {day}{handoff.at:%H:%M}"


def coming_gaps(
    *, now: datetime, days: int = 14, read: Mapping[int, Resolved] | None = None
) -> dict[int, resolver.Slice]:
    """The first stretch of the next days in which a schedule has nobody and should have, by schedule.

    `read` are the schedules where they were read already, for that time at least.
    """
    end = now + timedelta(days=days)
    found: dict[int, resolver.Slice] = {}
    for pk, one in (resolve(None, start=now, end=end) if read is None else read).items():
        gap = next((piece for piece in one.final(now, end) if piece.kind is resolver.Kind.GAP), None)
        if gap is not None:
            found[pk] = gap
    return found
