from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("core.ui.urls")),
    path("", include("core.stack.urls")),
]

handler400 = "core.ui.views.bad_request"
handler403 = "core.ui.views.forbidden"
handler404 = "core.ui.views.not_found"
handler500 = "core.ui.views.server_error"
