"""Why somebody is on call, or nobody: what each rotation says, and which exceptions came after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from core.accounts.models import User
from oncall.schedules.models import Override
from oncall.schedules.queries.reading import resolve
from oncall.schedules.rules import exceptions, resolver
from oncall.schedules.rules import layers as values
from oncall.schedules.rules.turns import TICK

if TYPE_CHECKING:
    from datetime import datetime

    from oncall.schedules.models import Schedule

# A stretch that lasts longer is shown up to here.
REACH = timedelta(days=45)


@dataclass(frozen=True, slots=True)
class Why:
    """One stretch of a schedule: its neighbours, what the rotations say within it, and the exceptions as entered."""

    piece: resolver.Slice
    before: resolver.Slice | None
    after: resolver.Slice | None
    rotations: list[tuple[values.Layer, resolver.Slice | None]]
    exceptions: list[tuple[values.Override, Override | None]]
    people: dict[int, User]

    @property
    def layers(self) -> list[values.Layer]:
        return [layer for layer, _ in self.rotations]


def why(schedule: Schedule, at: datetime) -> Why:
    """Work out the stretch of an instant, with everything that made it what it is."""
    start, end = at - REACH, at + REACH
    one = resolve([schedule.pk], start=start, end=end)[schedule.pk]
    pieces = one.final(start, end)
    place = next(n for n, piece in enumerate(pieces) if piece.start <= at < piece.end)
    away = one.away(at, at + TICK)
    rotations = []
    for layer in one.layers:
        if layer.is_fed:
            own_events = [each for each in one.overrides if each.layer == layer.lineage]
            said = resolver.final([layer], own_events, at, at + TICK, away=away)
        else:
            said = resolver.layer_shifts(layer, at, at + TICK, away=away)
        if layer.effective_from <= at and (layer.effective_until is None or layer.effective_until > at):
            rotations.append((layer, said[0] if said else None))
    fed = {layer.lineage for layer in one.layers if layer.is_fed}
    entered = [each for each in exceptions.in_force_at(one.overrides, at) if each.layer not in fed]
    own = [each.id for each in entered if each.kind is values.Exceptional.OVERRIDE]
    rows = Override.objects.select_related("user", "replaces", "created_by").in_bulk(own)
    shown = [pieces[place], *(said for _, said in rotations if said)]
    return Why(
        pieces[place],
        pieces[place - 1] if place else None,
        pieces[place + 1] if place + 1 < len(pieces) else None,
        rotations,
        [(each, rows.get(each.id) if each.kind is values.Exceptional.OVERRIDE else None) for each in entered],
        User.objects.in_bulk({user for piece in shown for user in piece.users}),
    )
