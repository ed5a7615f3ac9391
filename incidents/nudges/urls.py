from django.urls import path

from incidents.nudges import views

urlpatterns = [
    path("incidents/forgotten/", views.forgotten, name="forgotten"),
    path("incidents/-/forgotten/", views.forgotten_panel, name="forgotten-panel"),
    path("incidents/<inc:number>/nudges/<int:pk>/goes-on/", views.goes_on, name="goes-on"),
    path("incidents/<inc:number>/-/nudges/", views.shown, name="room-nudges"),
    path("incidents/<inc:number>/nudges/<int:pk>/answer/", views.answer, name="answer-nudge"),
    path("incidents/<inc:number>/break/", views.take_break, name="take-break"),
]
