from django.urls import path

from oncall.runbooks import views

urlpatterns = [path("integrations/without-runbook/", views.missing, name="missing-runbooks")]
