from django.urls import path

from incidents.customer_reports import views

urlpatterns = [
    path(
        "incidents/<inc:number>/customer-reports/<int:pk>/take-back/",
        views.take_back,
        name="take-back-report",
    ),
]
