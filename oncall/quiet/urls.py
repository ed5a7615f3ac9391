from django.urls import path

from oncall.quiet import views

urlpatterns = [
    path("me/quiet-hours/", views.quiet_hours, name="quiet-hours"),
    path("me/quiet-hours/add/", views.add_hours, name="add-quiet-hours"),
    path("me/quiet-hours/<int:pk>/remove/", views.remove_hours, name="remove-quiet-hours"),
    path("me/quiet-hours/holidays/", views.add_holiday, name="add-holiday"),
    path("me/quiet-hours/holidays/<int:pk>/remove/", views.remove_holiday, name="remove-holiday"),
]
