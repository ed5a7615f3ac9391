from django.urls import path

from incidents.audiences import views

urlpatterns = [
    path("audiences/", views.index, name="audiences"),
    path("audiences/new/", views.create, name="new-audience"),
    path("audiences/matrix/", views.matrix, name="audience-matrix"),
    path("audiences/lists/<slug:slug>/", views.change, name="audience"),
    path("audiences/lists/<slug:slug>/members/", views.put_on, name="put-on-audience"),
    path("audiences/lists/<slug:slug>/members/<int:pk>/remove/", views.take_off, name="take-off-audience"),
    path("audiences/lists/<slug:slug>/remove/", views.remove, name="remove-audience"),
]
