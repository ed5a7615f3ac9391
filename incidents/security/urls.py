from django.urls import path

from incidents.security import views

urlpatterns = [
    path("incidents/<inc:number>/-/security/", views.panel, name="room-security"),
    path("incidents/<inc:number>/security/", views.index, name="security"),
    path("incidents/<inc:number>/security/lead/", views.lead, name="lead-security"),
    path("incidents/<inc:number>/security/end/", views.end, name="end-security"),
    path("incidents/<inc:number>/security/<int:pk>/done/", views.done, name="security-done"),
    path("incidents/<inc:number>/security/<int:pk>/need-not/", views.need_not, name="security-need-not"),
    path("incidents/<inc:number>/security/<int:pk>/reopen/", views.reopen, name="security-reopen"),
]
