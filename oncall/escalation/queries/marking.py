"""How often a schedule was paged, by day."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from oncall.escalation.models import Policy
from oncall.paging.models import Page
from oncall.schedules.registry import Mark

if TYPE_CHECKING:
    from datetime import date

    from oncall.schedules.registry import Seen


def marks(seen: Seen) -> list[tuple[date, Mark]]:
    """Count the pages that whoever had a schedule got by a policy that asks it, as far as the viewer may know of them."""
    asking = Policy.objects.filter(levels__targets__schedule=seen.schedule_id)
    pages = Page.objects.visible_to(seen.viewer).filter(
        user__in=seen.user_ids,
        created_at__gte=seen.start,  # no page is older than the moment for which it was planned
        planned_at__gte=seen.start,
        planned_at__lt=seen.end,
        escalation__policy__in=asking.values("pk"),
    )
    counted = Counter(
        at.astimezone(seen.zone).date()
        for user, at in pages.values_list("user", "planned_at")
        if any(user in piece.users and piece.start <= at < piece.end for piece in seen.pieces)
    )
    return [(day, Mark(f"{count} page{'s'[: count > 1]}")) for day, count in sorted(counted.items())]
