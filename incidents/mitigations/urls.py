from django.urls import path

from incidents.mitigations import views

urlpatterns = [
    # In a room
    path("incidents/<inc:number>/mitigations/", views.index, name="mitigations"),
    path("incidents/<inc:number>/-/mitigations/", views.panel, name="room-mitigations"),
    path("incidents/<inc:number>/mitigations/begin/", views.begin, name="begin-mitigation"),
    path("incidents/<inc:number>/mitigations/<int:pk>/end/", views.end, name="end-mitigation"),
    path("incidents/<inc:number>/mitigations/<int:pk>/undo/", views.undo, name="undo-mitigation"),
    path("incidents/<inc:number>/mitigations/<int:pk>/keep/", views.keep, name="keep-mitigation"),
    # Of a service
    path("services/<slug:slug>/mitigations/", views.of_service, name="service-mitigations"),
    path("services/<slug:slug>/-/mitigations/", views.service_panel, name="service-mitigations-panel"),
    path("services/<slug:slug>/mitigations/add/", views.add, name="add-mitigation"),
    path("services/<slug:slug>/mitigations/<int:pk>/", views.change, name="change-mitigation"),
    path("services/<slug:slug>/mitigations/<int:pk>/remove/", views.remove, name="remove-mitigation"),
]
