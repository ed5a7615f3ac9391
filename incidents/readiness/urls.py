from django.urls import path

from incidents.readiness import views

urlpatterns = [
    path("services/<slug:slug>/readiness/", views.index, name="service-readiness"),
    path("services/<slug:slug>/-/readiness/", views.panel, name="service-readiness-panel"),
]
