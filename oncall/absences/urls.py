from django.urls import path

from oncall.absences import views

urlpatterns = [
    path("me/absences/", views.absences, name="absences"),
    path("me/absences/add/", views.add, name="add-absence"),
    path("me/absences/<int:pk>/remove/", views.remove, name="remove-absence"),
    path("me/absences/calendars/", views.add_calendar, name="add-absence-calendar"),
    path("me/absences/calendars/<int:pk>/remove/", views.remove_calendar, name="remove-absence-calendar"),
    path("me/absences/holidays/", views.set_region, name="holiday-region"),
]
