from django.urls import path

from incidents.ties import views

urlpatterns = [
    path("incidents/<inc:number>/-/ties/", views.panel, name="room-ties"),
    path("incidents/<inc:number>/ties/", views.index, name="ties"),
    path("incidents/<inc:number>/ties/<int:pk>/end/", views.untie, name="untie"),
    path("incidents/<inc:number>/merge/", views.merge, name="merge"),
    path("incidents/<inc:number>/unmerge/", views.unmerge, name="unmerge"),
    path("incidents/<inc:number>/split/", views.split, name="split"),
]
