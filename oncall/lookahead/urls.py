from django.urls import path

from oncall.lookahead import views

urlpatterns = [
    path("on-call/-/ahead/", views.everything, name="ahead"),
    path("on-call/<slug:slug>/ahead/", views.ahead, name="schedule-ahead"),
    path("on-call/<slug:slug>/ahead/limits/", views.set_limits, name="schedule-limits"),
    path("on-call/<slug:slug>/-/ahead/", views.panel, name="schedule-ahead-panel"),
]
