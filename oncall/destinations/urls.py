from django.urls import path

from oncall.destinations import views

urlpatterns = [
    path("channels/", views.index, name="channels"),
    path("channels/new/", views.create, name="new-channel"),
    path("channels/<int:pk>/", views.change, name="channel"),
    path("channels/<int:pk>/test/", views.test, name="test-channel"),
    path("channels/<int:pk>/remove/", views.remove, name="remove-channel"),
]
