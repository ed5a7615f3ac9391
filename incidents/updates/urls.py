from django.urls import path

from incidents.updates import views

urlpatterns = [
    path("incidents/<inc:number>/updates/<int:pk>/", views.update, name="update"),
]
