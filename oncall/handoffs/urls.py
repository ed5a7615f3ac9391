from django.urls import path

from oncall.handoffs import views

urlpatterns = [
    path("on-call/<slug:slug>/handoff/", views.to_come, name="handoff-to-come"),
    path("on-call/<slug:slug>/-/handoff/", views.panel, name="handoff-panel"),
    path("on-call/<slug:slug>/handoff/<int:pk>/", views.detail, name="handoff"),
    path("on-call/<slug:slug>/handoff/<int:pk>/acknowledge/", views.acknowledge, name="acknowledge-handoff"),
    path("on-call/<slug:slug>/handoff/talk/", views.set_talk, name="set-handoff-talk"),
    path("on-call/<slug:slug>/handoff/tasks/", views.add_task, name="add-handoff-task"),
    path("on-call/<slug:slug>/handoff/tasks/<int:pk>/done/", views.finish_task, name="finish-handoff-task"),
]
