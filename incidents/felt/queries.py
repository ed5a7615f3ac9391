from __future__ import annotations

from typing import TYPE_CHECKING

from incidents.catalog import queries as catalog

if TYPE_CHECKING:
    from core.accounts.models import User
    from incidents.lifecycle.models import Incident


def radius(user: User, incident: Incident) -> catalog.Radius:
    """Give how far the trouble of an incident may go from the services that it names."""
    affected = list(incident.services.select_related("team").order_by("tier", "name"))
    return catalog.radius(user, affected, with_situations=False)
