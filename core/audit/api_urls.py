from core.api.views import ViewSet
from core.audit.api import AuditViewSet, EventViewSet

routes: list[tuple[str, type[ViewSet], str]] = [
    ("events", EventViewSet, "event"),
    ("audit", AuditViewSet, "audit"),
]
