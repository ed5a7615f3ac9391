from core.api.views import ViewSet
from core.search.api import Search

routes: list[tuple[str, type[ViewSet], str]] = [("search", Search, "search")]
