from incidents.catalog.api import ChangeViewSet, ServiceViewSet
from incidents.room.api.incidents import IncidentViewSet
from incidents.severities.api import SeverityViewSet

routes = [
    ("services", ServiceViewSet, "service"),
    ("changes", ChangeViewSet, "change"),
    ("severities", SeverityViewSet, "severity"),
    ("incidents", IncidentViewSet, "incident"),
]
