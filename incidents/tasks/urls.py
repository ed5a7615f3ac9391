from django.urls import path

from incidents.tasks import views

urlpatterns = [
    path("incidents/<inc:number>/-/tasks/", views.panel, name="room-tasks"),
    path("incidents/<inc:number>/tasks/<int:pk>/", views.task, name="task"),
    path("incidents/<inc:number>/tasks/<int:pk>/done/", views.finish, name="finish-task"),
    path("incidents/<inc:number>/tasks/<int:pk>/drop/", views.drop, name="drop-task"),
    path("incidents/<inc:number>/tasks/<int:pk>/reopen/", views.reopen, name="reopen-task"),
    path("incidents/<inc:number>/tasks/<int:pk>/move/", views.move, name="move-task"),
]
