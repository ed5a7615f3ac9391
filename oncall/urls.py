from django.urls import include, path

app_name = "oncall"
urlpatterns = [
    path("", include("oncall.inbox.urls")),
    path("", include("oncall.schedules.urls")),
]
