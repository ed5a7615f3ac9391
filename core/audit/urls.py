from django.urls import path

from core.audit import views

app_name = "audit"
urlpatterns = [path("audit/", views.index, name="index")]
