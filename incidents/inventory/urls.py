from django.urls import path

from incidents.inventory import views

urlpatterns = [
    path("services/-/import/", views.upload, name="import-services"),
    path("services/-/import/confirm/", views.confirm, name="confirm-services"),
]
