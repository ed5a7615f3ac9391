"""What the catalog knows, as far as a person may see it."""

from incidents.catalog.queries.page import ServicePage, ServiceRow, directory, page
from incidents.catalog.queries.radius import Radius, Reached, radius
from incidents.catalog.queries.services import experts, get, services

__all__ = [
    "Radius",
    "Reached",
    "ServicePage",
    "ServiceRow",
    "directory",
    "experts",
    "get",
    "page",
    "radius",
    "services",
]
