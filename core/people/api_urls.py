from core.api.views import ViewSet
from core.people.api import TeamViewSet, UserViewSet

routes: list[tuple[str, type[ViewSet], str]] = [
    ("users", UserViewSet, "user"),
    ("teams", TeamViewSet, "team"),
]
