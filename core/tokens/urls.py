from django.urls import path

from core.tokens import views

app_name = "tokens"
urlpatterns = [
    path("me/tokens/", views.index, name="index"),
    path("me/tokens/<int:pk>/revoke/", views.revoke, name="revoke"),
]
