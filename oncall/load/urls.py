from django.urls import path

from oncall.load import views

urlpatterns = [
    path("me/load/", views.mine, name="my-load"),
    path("me/load/export.csv", views.export_mine, name="export-my-load"),
    path("teams/<slug:slug>/load/", views.team, name="team-load"),
    path("teams/<slug:slug>/load/export.csv", views.export_team, name="export-team-load"),
]
