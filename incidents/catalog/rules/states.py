from __future__ import annotations

OPERATIONAL = "operational"
BY_RANK = {1: "major_outage", 2: "partial_outage"}


def state(worst_rank: int | None) -> str:
    """Name a service's state after the worst open incident on it; rank 1 is the worst, None is none."""
    if worst_rank is None:
        return OPERATIONAL
    return BY_RANK.get(worst_rank, "degraded_performance")
