from django.urls import path

from incidents.command import views

urlpatterns = [
    # Hand-over
    path("incidents/<inc:number>/hand-overs/<int:pk>/", views.hand_over, name="hand-over"),
    path("incidents/<inc:number>/hand-overs/<int:pk>/accept/", views.accept, name="accept-command"),
    path("incidents/<inc:number>/hand-overs/<int:pk>/decline/", views.decline, name="decline-command"),
    path("incidents/<inc:number>/hand-overs/<int:pk>/withdraw/", views.withdraw, name="withdraw-command"),
    path("incidents/<inc:number>/take-over/", views.take_over, name="take-over"),
    # People in the room
    path("incidents/<inc:number>/-/people/", views.people, name="room-people"),
    path("incidents/<inc:number>/offer-command/", views.offer, name="offer-command"),
    path("incidents/<inc:number>/ask-commander/", views.ask_on_call, name="ask-commander"),
    # Who is trained to command
    path("commanders/", views.pool, name="commanders"),
    path("commanders/<int:pk>/remove/", views.take_out, name="remove-commander"),
]
