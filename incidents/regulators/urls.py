from django.urls import path

from incidents.regulators import views

urlpatterns = [
    path("incidents/<inc:number>/-/regulators/", views.panel, name="room-regulators"),
    path("incidents/<inc:number>/regulators/", views.index, name="regulators"),
    path("incidents/<inc:number>/regulators/no-breach/", views.unflag, name="no-breach"),
    path("incidents/<inc:number>/regulators/<int:pk>/reported/", views.report, name="reported"),
    path("incidents/<inc:number>/regulators/<int:pk>/need-not/", views.need_not, name="need-not-report"),
    path("incidents/<inc:number>/regulators/<int:pk>/reopen/", views.reopen, name="reopen-report"),
]
