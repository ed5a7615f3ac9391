from django.urls import path

from oncall.routing import views

urlpatterns = [
    path("routes/", views.index, name="routes"),
    path("routes/-/list/", views.list_region, name="routes-region"),
    path("routes/try/", views.try_out, name="try-routes"),
    path("routes/new/", views.new, name="new-route"),
    path("routes/<int:pk>/edit/", views.edit, name="edit-route"),
    path("routes/<int:pk>/up/", views.up, name="move-route-up"),
    path("routes/<int:pk>/down/", views.down, name="move-route-down"),
    path("routes/<int:pk>/activate/", views.activate, name="activate-route"),
    path("routes/<int:pk>/deactivate/", views.deactivate, name="deactivate-route"),
    path("routes/<int:pk>/remove/", views.remove, name="remove-route"),
]
