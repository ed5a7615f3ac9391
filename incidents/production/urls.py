from django.urls import path

from incidents.production import views

urlpatterns = [
    path("incidents/<inc:number>/-/production/", views.panel, name="room-production"),
    path("incidents/<inc:number>/production/", views.index, name="production"),
    path("incidents/<inc:number>/production/<int:pk>/result/", views.tell_result, name="production-result"),
    path("incidents/<inc:number>/production/<int:pk>/undo/", views.undo, name="undo-production"),
]
