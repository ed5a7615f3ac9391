from django.urls import path

from incidents.board import views

urlpatterns = [
    # The board
    path("incidents/", views.board, name="board"),
    path("incidents/-/board/", views.region, name="board-region"),
    path("incidents/wall/", views.wall, name="wall"),
    path("incidents/-/wall/", views.wall_region, name="wall-region"),
    # Declaring
    path("incidents/declare/", views.declare, name="declare"),
    path("incidents/declare/-/consequences/", views.consequences, name="declare-consequences"),
    path("incidents/<inc:number>/join-instead/", views.join_instead, name="join-instead"),
    # From the board
    path("incidents/<inc:number>/take-command/", views.take_command, name="take-command"),
]
