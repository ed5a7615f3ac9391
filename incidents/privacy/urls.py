from django.urls import path

from incidents.privacy import views

urlpatterns = [
    path("incidents/emergency/", views.emergency, name="emergency"),
    path("incidents/emergency/<int:pk>/end/", views.end_emergency, name="end-emergency"),
    path("incidents/<inc:number>/readers/", views.readers, name="readers"),
    path("incidents/<inc:number>/redact/", views.redact, name="redact"),
]
