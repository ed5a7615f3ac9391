"""Every address under /api/v1/. Each app names its resources in `api_urls.routes`."""

from django.urls import URLPattern, URLResolver, path
from rest_framework.routers import SimpleRouter

from core.api import docs
from core.api.views import ViewSet
from core.audit import api_urls as audit
from core.people import api_urls as people
from core.search import api_urls as search
from core.watch import api_urls as watch
from incidents import api_urls as incidents
from oncall import api_urls as oncall
from postmortems import api_urls as postmortems
from statuspage import api_urls as statuspage

router = SimpleRouter()
routes: list[tuple[str, type[ViewSet], str]] = [
    *people.routes,
    *incidents.routes,
    *oncall.routes,
    *statuspage.routes,
    *postmortems.routes,
    *audit.routes,
    *search.routes,
    *watch.routes,
]
for prefix, viewset, basename in routes:
    router.register(prefix, viewset, basename=basename)

urlpatterns: list[URLPattern | URLResolver] = [
    path("schema/", docs.SchemaView.as_view(), name="schema"),
    path("docs/", docs.page, name="docs"),
    *router.urls,
]
