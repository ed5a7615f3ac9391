"""What an edit would change, without saving it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from core.errors import Refused
from oncall.schedules import queries
from oncall.schedules.operations.changes import locked
from oncall.schedules.operations.layers import save_layers
from oncall.schedules.rules import compare, resolver

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from core.accounts.models import User
    from oncall.schedules.models import Schedule, ScheduleVersion
    from oncall.schedules.operations.specs import LayerSpec, Terms

AHEAD = timedelta(days=28)
HANDOFFS = 3


@dataclass(frozen=True, slots=True)
class Preview:
    """The final schedule before and after an edit, what that changes, and the next shifts of each rotation."""

    start: datetime
    end: datetime
    before: tuple[resolver.Slice, ...]
    after: tuple[resolver.Slice, ...]
    changes: list[compare.Change]
    handoffs: list[tuple[str, list[resolver.Slice]]]

    @property
    def opened(self) -> list[tuple[datetime, datetime]]:
        """When nobody would be on call while somebody is as it stands."""
        return compare.emptied(self.before, self.after)

    @property
    def gaps(self) -> list[resolver.Slice]:
        """When nobody would be on call who should be."""
        return [piece for piece in self.after if piece.kind is resolver.Kind.GAP]


def preview(
    schedule: Schedule,
    *,
    layers: Sequence[LayerSpec],
    effective_at: datetime | None = None,
    time_zone: str | None = None,
    terms: Terms | None = None,
    actor: User | None,
) -> Preview:
    """Say what an edit would change in the four weeks from its moment on. It is saved, read, and taken back."""
    start = max(effective_at or timezone.now(), timezone.now())
    end = start + AHEAD
    known = queries.resolve([schedule.pk], start=start, end=end)[schedule.pk]
    with transaction.atomic():
        saved = save_layers(
            schedule, layers=layers, effective_at=effective_at, time_zone=time_zone, terms=terms, actor=actor
        )
        start = min(max(start, saved.effective_from), end)  # a moment later, where it counts from now on
        one = queries.resolve([schedule.pk], start=start, end=end)[schedule.pk]
        after, away = one.final(start, end), one.away(start, end)
        transaction.set_rollback(True)
    before = known.final(start, end)
    handoffs = [
        (layer.name, list(resolver.layer_shifts(layer, saved.effective_from, end, away=away))[:HANDOFFS])
        for layer in one.layers
        if layer.effective_until is None
    ]
    return Preview(start, end, before, after, compare.difference(before, after), handoffs)


class OpensGaps(Refused):
    """A save would leave nobody on call where somebody is, and nobody said that they know; `gaps` are these times."""

    def __init__(self, schedule: Schedule, gaps: Sequence[tuple[datetime, datetime]], zone: str) -> None:
        (start, end), more = gaps[0], len(gaps) - 1
        begins, ends = (each.astimezone(ZoneInfo(zone)) for each in (start, end))
        also = f", and {more} more time{'' if more == 1 else 's'}" if more else ""
        super().__init__(
            f"Nobody would be on call in {schedule} from {begins:%a %d %b %Y %H:%M} to {ends:%a %d %b %Y %H:%M %Z}"
            f"{also} in the four weeks from then on. Say that you know it, or close the gap."
        )
        self.gaps = gaps


@transaction.atomic
def save_seen(  # noqa: PLR0913 - a save is all of these
    schedule: Schedule,
    *,
    layers: Sequence[LayerSpec],
    effective_at: datetime | None = None,
    time_zone: str | None = None,
    terms: Terms | None = None,
    version: int | None = None,
    accepts_gaps: bool = False,
    seen: Sequence[tuple[datetime, datetime]] = (),
    restored_from: int | None = None,
    actor: User | None,
) -> ScheduleVersion:
    """Save rotations as `save_layers` does; refused where that opens a gap which is neither accepted nor `seen`."""
    given: dict[str, Any] = {
        "layers": layers,
        "effective_at": effective_at,
        "time_zone": time_zone,
        "terms": terms,
        "actor": actor,
    }
    mine = locked(schedule, version=version)
    if not accepts_gaps:
        gaps = preview(mine, **given).opened
        # Time passes between look and save: the last gap that was seen goes on beyond what was looked at.
        last = max((end for _, end in seen), default=None)
        unseen = [
            (start, end)
            for start, end in gaps
            if not any(begin <= start and (end <= finish or finish == last) for begin, finish in seen)
        ]
        if unseen:
            raise OpensGaps(mine, unseen, time_zone or mine.time_zone)
    return save_layers(mine, **given, restored_from=restored_from)


def difference(schedule: Schedule, old: int, new: int) -> list[compare.Change]:
    """Say who would be on call otherwise in the next four weeks by one version than by another, from now on."""
    start = timezone.now()
    (before, after) = (_as_of(schedule, number, start) for number in (old, new))
    return compare.difference(before, after)


def _as_of(schedule: Schedule, number: int, start: datetime) -> tuple[resolver.Slice, ...]:
    version, end = queries.version(schedule, number), start + AHEAD
    return queries.as_if(version, queries.layers_of(version), start=start, end=end).final(start, end)
