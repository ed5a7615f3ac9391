from django.urls import path

from oncall.imports import views

urlpatterns = [
    path("on-call/-/import/", views.upload, name="import-schedules"),
    path("on-call/-/import/<int:pk>/", views.plan, name="schedule-import"),
    path("on-call/-/import/<int:pk>/people/", views.name_people, name="name-imported-people"),
    path("on-call/-/import/<int:pk>/confirm/", views.confirm, name="confirm-import"),
]
