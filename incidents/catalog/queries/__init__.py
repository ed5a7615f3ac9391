"""What the catalog knows, as far as a person may see it."""

from incidents.catalog.queries.page import ServicePage, ServiceRow, directory, page
from incidents.catalog.queries.radius import Radius, Reached, radius
from incidents.catalog.queries.services import get, services

__all__ = ["Radius", "Reached", "ServicePage", "ServiceRow", "directory", "get", "page", "radius", "services"]
