from django.urls import path

from oncall.calendars import views

urlpatterns = [
    path("on-call/<slug:slug>/calendars/", views.calendars, name="schedule-calendars"),
    path("on-call/<slug:slug>/calendars/<int:pk>/remove/", views.remove, name="remove-schedule-calendar"),
]
