from django.urls import path

from core.live import regions, views

app_name = "live"
urlpatterns = [
    path("live/", views.stream, name="stream"),
    path("here/", views.here, name="here"),
    path("regions/", regions.regions, name="regions"),
]
