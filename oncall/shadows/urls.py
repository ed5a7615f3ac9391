from django.urls import path

from oncall.shadows import views

urlpatterns = [
    path("on-call/<slug:slug>/shadows/", views.shadows, name="shadows"),
    path("on-call/<slug:slug>/shadows/<int:pk>/end/", views.end, name="end-shadow"),
]
