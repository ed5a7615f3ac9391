from django.urls import path

from oncall.weekly import views

urlpatterns = [
    path("me/weekly-summary/", views.mine, name="weekly-summary"),
    path("on-call/-/weekly/<slug:slug>/", views.team, name="team-weekly"),
]
