from django.urls import path

from oncall.load import views

urlpatterns = [
    path("me/load/", views.mine, name="my-load"),
    path("me/load/export.csv", views.export_mine, name="export-my-load"),
    path("teams/<slug:slug>/load/", views.team, name="team-load"),
    path("teams/<slug:slug>/load/export.csv", views.export_team, name="export-team-load"),
    path("me/load/pay.csv", views.export_my_pay, name="export-my-pay"),
    path("teams/<slug:slug>/load/pay.csv", views.export_team_pay, name="export-team-pay"),
    path("me/load/weeks.csv", views.export_my_weeks, name="export-my-weeks"),
    path("teams/<slug:slug>/load/weeks/", views.team_weeks, name="team-weeks"),
    path("teams/<slug:slug>/load/weeks.csv", views.export_team_weeks, name="export-team-weeks"),
    path("on-call/-/reliance/", views.reliance, name="reliance"),
    path("on-call/-/pay-rates/", views.rates, name="pay-rates"),
]
