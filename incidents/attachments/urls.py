from django.urls import path

from incidents.attachments import views

urlpatterns = [
    path("incidents/<inc:number>/-/attachments/", views.panel, name="room-attachments"),
    path("incidents/<inc:number>/attachments/", views.index, name="attachments"),
    path("incidents/<inc:number>/attachments/<int:pk>/", views.download, name="attachment"),
    path("incidents/<inc:number>/attachments/<int:pk>/preview/", views.preview, name="attachment-preview"),
    path("incidents/<inc:number>/attachments/<int:pk>/remove/", views.remove, name="remove-attachment"),
]
