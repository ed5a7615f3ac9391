from django.urls import path

from incidents.room import views

urlpatterns = [
    # The room and its living regions
    path("incidents/<inc:number>/", views.room, name="room"),
    path("incidents/<inc:number>/-/head/", views.head, name="room-head"),
    path("incidents/<inc:number>/-/picture/", views.picture, name="room-picture"),
    path("incidents/<inc:number>/-/timeline/", views.timeline, name="room-timeline"),
    path("incidents/<inc:number>/-/older/", views.older, name="room-older"),
    path("incidents/<inc:number>/-/telling/", views.telling, name="room-telling"),
    path("incidents/<inc:number>/-/hints/", views.hints, name="room-hints"),
    # Writing
    path("incidents/<inc:number>/notes/", views.add_note, name="add-note"),
    path("incidents/<inc:number>/updates/", views.publish, name="publish"),
    path("incidents/<inc:number>/updates/preview/", views.preview, name="preview-update"),
    path("incidents/<inc:number>/updates/no-news/", views.no_news, name="no-news"),
    path("incidents/<inc:number>/hypothesis/", views.judge, name="judge-hypothesis"),
    # Taking part
    path("incidents/<inc:number>/join/", views.join, name="join"),
    path("incidents/<inc:number>/leave/", views.leave, name="leave"),
    path("incidents/<inc:number>/roles/<slug:role>/release/", views.release, name="release-role"),
]
