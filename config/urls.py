"""Every address of the product but those that `config.asgi` answers before Django: alerts on their way in."""

from django.contrib import admin
from django.urls import include, path

from config.home import views as home

urlpatterns = [
    # What every open screen asks for, again and again
    path("", include("core.live.urls")),
    # People: the door, themselves, one another
    path("accounts/", include("core.accounts.urls")),
    path("", include("core.people.urls")),
    path("", include("core.tokens.urls")),
    # Respond, tell, learn
    path("", home.home, name="home"),
    path("-/needs/", home.needs, name="home-needs"),
    path("", include("incidents.urls")),
    path("", include("statuspage.urls")),
    path("", include("oncall.urls")),
    path("", include("postmortems.urls")),
    # Programs
    path("api/v1/", include("config.api_urls")),
    path("", include("core.callbacks.urls")),
    path("", include("core.stack.urls")),
    # The frame
    path("", include("core.ui.urls")),
    path("", include("core.search.urls")),
    path("", include("core.audit.urls")),
    path("", include("core.watch.urls")),
    path("admin/", admin.site.urls),
]

handler400 = "config.errors.bad_request"
handler403 = "config.errors.forbidden"
handler404 = "config.errors.not_found"
handler500 = "config.errors.server_error"
