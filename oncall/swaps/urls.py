from django.urls import path

from oncall.swaps import views

urlpatterns = [
    path("cover/<str:token>/", views.cover, name="cover"),
    path("on-call/-/swaps/", views.mine, name="swaps"),
    path("on-call/-/swaps/<int:pk>/", views.detail, name="swap"),
    path("on-call/-/swaps/<int:pk>/answer/", views.answer, name="answer-swap"),
    path("on-call/<slug:slug>/swaps/", views.of_schedule, name="schedule-swaps"),
    path("on-call/<slug:slug>/swaps/ask/", views.ask, name="ask-swap"),
    path("on-call/<slug:slug>/swaps/rule/", views.set_rule, name="swap-rule"),
]
