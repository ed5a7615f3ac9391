from django.urls import path

from core.stack import views

app_name = "stack"
urlpatterns = [
    # Monitoring: no sign-in
    path("health/live", views.live, name="live"),
    path("health/ready", views.ready, name="ready"),
    path("health/pager", views.pager, name="pager"),
    path("health/paging.json", views.paging, name="paging"),
    path("metrics", views.metrics_page, name="metrics"),
    # First run
    path("setup/", views.first_admin, name="setup"),
]
