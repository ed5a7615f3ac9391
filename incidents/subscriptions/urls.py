from django.urls import path

from incidents.subscriptions import views

urlpatterns = [
    path("incidents/<inc:number>/mails/", views.index, name="subscriptions"),
    path("incidents/<inc:number>/mails/subscribe/", views.subscribe, name="subscribe"),
    path("incidents/<inc:number>/mails/end/", views.end_mine, name="end-my-subscription"),
    path("incidents/<inc:number>/mails/<int:pk>/end/", views.end, name="end-subscription"),
    path("unsubscribe/<str:token>/", views.unsubscribe, name="unsubscribe"),
]
