from django.urls import path

from core.ui import views

app_name = "ui"
urlpatterns = [
    path("sw.js", views.worker, name="worker"),
    path("more/", views.more, name="more"),
    path("theme/", views.theme, name="theme"),
    path("-/mood/", views.mood, name="mood"),
    path("kit/", views.kit, name="kit"),
]
