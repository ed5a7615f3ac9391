from django.urls import path

from oncall.ledger import views

urlpatterns = [
    path("pages/", views.index, name="pages"),
    path("pages/export.csv", views.export, name="export-pages"),
]
