from django.urls import path

from incidents.approvals import views

urlpatterns = [
    path("incidents/<inc:number>/-/approvals/", views.waiting, name="room-approvals"),
    path("incidents/<inc:number>/approvals/<int:pk>/", views.approval, name="approval"),
    path("incidents/<inc:number>/approvals/<int:pk>/approve/", views.approve, name="approve-update"),
    path("incidents/<inc:number>/approvals/<int:pk>/decline/", views.decline, name="decline-update"),
]
