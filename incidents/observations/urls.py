from django.urls import path

from incidents.observations import views

urlpatterns = [
    path("observations/", views.index, name="observations"),
    path("observations/<int:pk>/seen-again/", views.seen_again, name="observation-again"),
    path("observations/<int:pk>/settle/", views.settle, name="settle-observation"),
    path("observations/<int:pk>/link/", views.link, name="link-observation"),
]
