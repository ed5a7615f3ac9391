from django.urls import path

from oncall.announcements import views

urlpatterns = [
    path("on-call/<slug:slug>/chats/", views.announcements, name="announcements"),
    path("on-call/<slug:slug>/chats/group/", views.add_group, name="add-announcement-group"),
    path("on-call/<slug:slug>/chats/<int:pk>/again/", views.again, name="write-announcement"),
    path("on-call/<slug:slug>/chats/<int:pk>/remove/", views.remove, name="remove-announcement"),
]
