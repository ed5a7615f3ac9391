"""What customers read of an incident's state, and how bad the page calls it."""

from collections.abc import Collection, Sequence

# Customers see four stages; mitigating is work on something that was identified.
STAGES: dict[str, str] = {
    "triage": "investigating",
    "investigating": "investigating",
    "identified": "identified",
    "mitigating": "identified",
    "monitoring": "monitoring",
    "resolved": "resolved",
    "closed": "resolved",
}

IMPACTS: dict[str, str] = {
    "degraded_performance": "minor",
    "partial_outage": "major",
    "major_outage": "critical",
}


def stage(incident_status: str) -> str:
    """The public stage of an incident's state."""
    return STAGES[incident_status]


def impact(states: Collection[str]) -> str:
    """Statuspage's impact for components in these states: none, minor, major or critical."""
    rank = ["none", "minor", "major", "critical"]
    return max((IMPACTS.get(state, "none") for state in states), key=rank.index, default="none")


def title(names: Sequence[str], worst_state: str) -> str:
    """A title for customers where a person gave none: the parts by their public names, never an internal title."""
    what = {
        "degraded_performance": "Degraded performance",
        "partial_outage": "Partial outage",
        "major_outage": "Outage",
        "under_maintenance": "Maintenance",
    }.get(worst_state, "Problem with")
    if not names:
        return "We are looking into a problem"
    joint = " " if what.endswith("with") else " of "
    return f"{what}{joint}{names[0] if len(names) == 1 else ', '.join(names[:-1]) + ' and ' + names[-1]}"[
        :200
    ]
