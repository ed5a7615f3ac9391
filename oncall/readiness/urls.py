from django.urls import path

from oncall.readiness import views

urlpatterns = [path("on-call/readiness/", views.board, name="readiness")]
