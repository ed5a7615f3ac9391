from django.urls import path

from incidents.catalog import views

urlpatterns = [
    path("services/", views.index, name="services"),
    path("services/<slug:slug>/", views.service, name="service"),
]
