from django.urls import path

from incidents.fields import views

urlpatterns = [
    path("incidents/-/sieve/", views.sieve, name="sieve"),
    path("incidents/<inc:number>/-/details/", views.panel, name="room-details"),
    path("incidents/<inc:number>/details/", views.edit, name="details"),
]
