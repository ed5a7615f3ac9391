from django.urls import path

from oncall.alerts import views

urlpatterns = [
    path("integrations/", views.index, name="integrations"),
    path("integrations/new/", views.create, name="new-integration"),
    path("integrations/<int:pk>/", views.detail, name="integration"),
    path("integrations/<int:pk>/-/signals/", views.signals_region, name="integration-signals"),
    path("integrations/<int:pk>/edit/", views.change, name="change-integration"),
    path("integrations/<int:pk>/test/", views.send_test, name="test-integration"),
    path("integrations/<int:pk>/key/", views.rotate, name="rotate-integration"),
    path("integrations/<int:pk>/activate/", views.activate, name="activate-integration"),
    path("integrations/<int:pk>/deactivate/", views.deactivate, name="deactivate-integration"),
]
