from incidents.catalog.api import ChangeViewSet, ServiceViewSet
from incidents.room.api.incidents import IncidentViewSet
from incidents.severities.api import SeverityViewSet
from incidents.tasks.api import Checklists, Tasks

routes = [
    ("services", ServiceViewSet, "service"),
    ("changes", ChangeViewSet, "change"),
    ("severities", SeverityViewSet, "severity"),
    ("checklists", Checklists, "checklist"),
    ("incidents/(?P<incident>[^/]+)/tasks", Tasks, "incident-task"),
    ("incidents", IncidentViewSet, "incident"),
]
