from django.urls import path

from incidents.changes import views

urlpatterns = [
    path("changes/", views.index, name="changes"),
    path("changes/report/", views.report, name="report-change"),
]
