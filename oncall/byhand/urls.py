from django.urls import path

from oncall.byhand import views

urlpatterns = [
    path("pages/new/", views.page_somebody, name="page-somebody"),
    path("pages/by-hand/<int:pk>/", views.by_hand, name="by-hand"),
    path("pages/by-hand/<int:pk>/-/answers/", views.answers_region, name="by-hand-region"),
]
