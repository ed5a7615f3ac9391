from django.urls import path

from oncall.phone import views

urlpatterns = [
    path("p/-/<str:token>/", views.digest, name="digest"),
    path("p/<str:token>/", views.page, name="page"),
    path("p/<str:token>/-/page/", views.region, name="page-region"),
]
