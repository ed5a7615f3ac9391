from django.urls import path

from core.watch import views

app_name = "watch"
urlpatterns = [
    path("settings/paging-health/", views.index, name="index"),
    path("settings/paging-health/-/health/", views.region, name="region"),
]
