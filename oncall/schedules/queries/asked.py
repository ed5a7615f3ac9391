"""Who is on call now and next, with who asks them: by service and by team."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from oncall.schedules import registry
from oncall.schedules.queries.now import watches
from oncall.schedules.queries.rows import schedules

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from core.accounts.models import Team
    from incidents.catalog.models import Service
    from oncall.schedules.queries.now import Watch
    from oncall.schedules.queries.reading import Resolved


@dataclass(frozen=True, slots=True)
class AskedWatch:
    """Who has a schedule, and the policies that ask it."""

    watch: Watch
    reaches: list[registry.Reach]

    @property
    def first(self) -> int:
        """The first level at which it is asked; after all of them where nothing asks it."""
        return min((asked.level for reach in self.reaches for asked in reach.levels), default=1000)


def asked(
    *,
    at: datetime,
    team: Team | None = None,
    service: Service | None = None,
    read: Mapping[int, Resolved] | None = None,
) -> list[AskedWatch]:
    """Who has each schedule, of a `team` alone or of the policy that answers for a `service`, whom it asks first."""
    rows = schedules() if team is None else schedules().filter(team=team)
    ids = set(rows.values_list("pk", flat=True))
    reached = registry.reached(ids)
    if service is not None:
        policies = registry.answering([service.pk])
        reached = {
            pk: own
            for pk, some in reached.items()
            if (own := [each for each in some if each.policy_id in policies])
        }
        ids &= reached.keys()
    found = [
        AskedWatch(watch, reached.get(watch.schedule.pk, [])) for watch in watches(ids, at=at, read=read)
    ]
    return sorted(found, key=lambda one: one.first) if service else found
