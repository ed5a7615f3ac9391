"""Page somebody by hand from the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.accounts.models import Team, User
from oncall.escalation import operations as escalation
from oncall.escalation.models import Policy
from oncall.schedules.models import Schedule

if TYPE_CHECKING:
    from incidents.lifecycle.models import Incident
    from incidents.lifecycle.registry import Target

KINDS: dict[str, type[User | Schedule | Team | Policy]] = {
    "user": User,
    "schedule": Schedule,
    "team": Team,
    "policy": Policy,
}


def page(target: Target, *, message: str, urgency: str, actor: User, incident: Incident | None = None) -> int:
    """Page a target that was chosen, with a message; give the number of the page by hand."""
    found = KINDS[target.kind].objects.filter(pk=target.id).first()
    if found is None or (isinstance(found, Schedule) and found.deleted_at):
        raise escalation.CannotPage(f"{target.name} is gone.")
    return escalation.page_by_hand(
        actor=actor,
        message=message,
        user=found if isinstance(found, User) else None,
        schedule=found if isinstance(found, Schedule) else None,
        team=found if isinstance(found, Team) else None,
        policy=found if isinstance(found, Policy) else None,
        incident=incident,
        urgency=urgency,
    )
