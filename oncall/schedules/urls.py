from django.urls import path

from oncall.schedules import views

urlpatterns = [
    path("on-call/", views.index, name="schedules"),
    path("on-call/-/now/", views.on_call_now, name="on-call-now"),
    path("on-call/new/", views.create, name="new-schedule"),
    path("on-call/<slug:slug>/", views.calendar, name="calendar"),
    path("on-call/<slug:slug>/-/calendar/", views.calendar_region, name="calendar-region"),
    path("on-call/<slug:slug>/edit/", views.edit, name="edit-schedule"),
    path("on-call/<slug:slug>/overrides/", views.add_override, name="add-override"),
    path("on-call/<slug:slug>/overrides/<int:pk>/cancel/", views.cancel_override, name="cancel-override"),
]
