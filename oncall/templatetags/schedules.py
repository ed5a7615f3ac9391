"""Words for the blocks of the on-call calendar."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from django.template import Library
from django.utils import timezone
from django.utils.dateformat import format as write

from oncall.schedules.rules.layers import WEEKDAYS, Exceptional
from oncall.schedules.rules.windows import joined

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from core.accounts.models import User
    from oncall.schedules.grid import Block
    from oncall.schedules.models import Layer as LayerRow
    from oncall.schedules.queries import Calendar, Shift, Taken
    from oncall.schedules.rules.layers import Layer, Override
    from oncall.schedules.rules.resolver import Slice
    from oncall.schedules.rules.windows import Entered, Run

register = Library()


@register.simple_tag
def names(block: Block, people: Mapping[int, User]) -> str:
    """Write who has the stretch."""
    return ", ".join(str(people[pk]) for pk in block.users if pk in people) or "Nobody"


@register.simple_tag
def short(block: Block, people: Mapping[int, User]) -> str:
    """Write as much of the name as fits: all of it, the first name, the initials, nothing."""
    known = [people[pk] for pk in block.users if pk in people]
    if block.room >= 30:
        return ", ".join(str(person) for person in known)
    if block.room >= 16:
        return ", ".join(person.get_short_name() for person in known)
    return " ".join(person.initials for person in known) if block.room >= 7 else ""


@register.simple_tag
def hue(block: Block, people: Mapping[int, User]) -> int:
    """Give the colour of the first person, 0 to 7."""
    return block.users[0] % 8 if block.users else 0


@register.simple_tag
def span(block: Block) -> str:
    """Write from when until when, in the zone in force; the zone's name where the clocks change in between."""
    start, end = timezone.localtime(block.start), timezone.localtime(block.end)
    zoned = " T" if start.utcoffset() != end.utcoffset() else ""
    last = f"H:i{zoned}" if start.date() == end.date() else f"D j M H:i{zoned}"
    return f"{write(start, f'D j M H:i{zoned}')} to {write(end, last)}"


@register.simple_tag
def hours(length: timedelta) -> str:
    """Write a length of time in hours, as 36 h or 7.5 h."""
    return f"{length / timedelta(hours=1):.1f}".removesuffix(".0") + " h"


@register.simple_tag
def windows_of(layer: LayerRow) -> list[str]:
    """Write when a rotation counts, as Friday 17:00 until Monday 09:00; nothing where it always does."""
    return hours_open([(one.weekday, one.start, one.end) for one in layer.restrictions.all()])


@register.simple_tag
def hours_open(windows: Sequence[Entered]) -> list[str]:
    """Write windows of the week."""
    return [_window(run) for run in joined(windows)]


def _window(run: Run) -> str:
    day = "every day" if run.day is None else WEEKDAYS[run.day]
    until = "to" if run.last is None else f"until {WEEKDAYS[run.last]}"
    return f"{day} {run.start:%H:%M} {until} {run.end:%H:%M}"


@register.simple_tag
def lasts(stretch: Block | Shift) -> str:
    """Write how long a stretch is."""
    return hours(stretch.end - stretch.start)


@register.simple_tag
def by_exception(taken: Taken, people: Mapping[int, User]) -> str:
    """Say by what somebody has a shift and whose it was, as Swap, instead of Aiko Tanaka."""
    by = f" by {taken.by}" if taken.by and taken.kind is not Exceptional.SWAP else ""
    others = " and ".join(str(people[pk]) for pk in taken.whose if pk in people)
    return f"{taken.kind.capitalize()}{by}{f', instead of {others}' if others else ''}"


@register.filter
def instant(at: datetime) -> str:
    """Write an instant for an address."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


@register.simple_tag
def beside(before: Slice | None, after: Slice | None) -> str:
    """Say between which rotations nobody is on call, in the zone in force."""
    parts = []
    if before and before.layer:
        parts.append(f"{before.layer} ends {write(timezone.localtime(before.end), 'D j M H:i')}")
    if after and after.layer:
        parts.append(f"{after.layer} begins {write(timezone.localtime(after.start), 'D j M H:i')}")
    return f"{' and '.join(parts)}." if parts else "No rotation counts before or after it."


@register.simple_tag
def cause(gap: Block, cal: Calendar) -> str:
    """Say why a gap of a calendar is there."""
    before, after = cal.around(gap)
    return beside(before, after)


@register.simple_tag
def reach(gap: Block, cal: Calendar) -> Layer | None:
    """Give the rotation that could begin when a gap does."""
    return cal.reach(gap)


@register.simple_tag
def within(override: Override, layers: Iterable[Layer]) -> str:
    """Name the one rotation that an override is of; empty for the whole schedule."""
    return next((f" in {layer.name}" for layer in layers if layer.lineage == override.layer), "")
