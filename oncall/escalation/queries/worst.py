"""What is so grave that no limit holds it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from incidents.severities import queries as severities
from oncall.alerts.rules import severity
from oncall.escalation.queries.notices import incident_of

if TYPE_CHECKING:
    from oncall.escalation.models import Escalation


def severity_of_rank_1(word: str) -> str:
    """Give the label of the severity that a word means where it is the worst, "" of any other."""
    found = (severities.find(word) or severities.find(severity(word))) if word else None
    return found.label if found is not None and found.rank == 1 else ""


def worst_of(escalation: Escalation) -> str:
    """Give the label of the severity of what an escalation is about where it is the worst, "" of any other."""
    incident = incident_of(escalation)
    if incident is not None:
        return incident.severity.label if incident.severity.rank == 1 else ""
    return severity_of_rank_1(escalation.alert.severity) if escalation.alert else ""
