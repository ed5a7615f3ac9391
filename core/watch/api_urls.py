from core.api.views import ViewSet
from core.watch.api import PagingHealth

routes: list[tuple[str, type[ViewSet], str]] = [("paging-health", PagingHealth, "paging-health")]
