from django.urls import path

from incidents.past import views

urlpatterns = [
    path("services/<slug:slug>/-/incidents/", views.incidents, name="service-incidents"),
    path("services/<slug:slug>/-/experts/", views.experts, name="service-experts"),
]
