from django.urls import path

from oncall.feeds import views

urlpatterns = [
    path("me/calendars/", views.addresses, name="calendar-addresses"),
    path("me/calendars/<int:pk>/revoke/", views.revoke, name="revoke-calendar-address"),
    path("calendars/<str:token>.ics", views.calendar, name="calendar-feed"),
    path("on-call-now/<str:token>.txt", views.now_as_text, name="now-as-text"),
    path("on-call-now/<str:token>.xml", views.now_as_twiml, name="now-as-twiml"),
]
