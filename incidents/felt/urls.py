from django.urls import path

from incidents.felt import views

urlpatterns = [
    path("incidents/<inc:number>/-/felt/", views.panel, name="room-felt"),
]
