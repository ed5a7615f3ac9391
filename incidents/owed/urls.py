from django.urls import path

from incidents.owed import views

urlpatterns = [
    path("incidents/<inc:number>/-/owed/", views.panel, name="room-owed"),
    path("incidents/<inc:number>/owed/", views.index, name="owed"),
    path("incidents/<inc:number>/owed/<int:pk>/not-needed/", views.need_not, name="owed-not-needed"),
    path("incidents/<inc:number>/owed/<int:pk>/needed/", views.need, name="owed-needed"),
]
