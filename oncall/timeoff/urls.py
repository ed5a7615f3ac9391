from django.urls import path

from oncall.timeoff import views

urlpatterns = [
    path("me/load/time-off/", views.mine, name="my-time-off"),
    path("me/load/time-off/export.csv", views.export_mine, name="export-my-time-off"),
    path("me/load/time-off/<int:pk>/plan/", views.plan, name="plan-time-off"),
    path("me/load/time-off/<int:pk>/decline/", views.decline, name="decline-time-off"),
    path("me/load/time-off/<int:pk>/reopen/", views.reopen, name="reopen-time-off"),
    path("teams/<slug:slug>/load/time-off/", views.team, name="team-time-off"),
    path("teams/<slug:slug>/load/time-off/export.csv", views.export_team, name="export-team-time-off"),
    path("on-call/-/time-off/", views.terms, name="time-off-terms"),
]
