from django.urls import path

from oncall.escalation import views

urlpatterns = [
    path("escalation/", views.index, name="policies"),
    path("escalation/-/simulator/", views.simulator, name="simulator"),
    path("escalation/-/last-resort/", views.last_resort, name="last-resort"),
    path("escalation/-/night-limit/", views.night_limit, name="night-limit"),
    path("escalation/new/", views.new, name="new-policy"),
    path("escalation/<slug:slug>/", views.detail, name="policy"),
    path("escalation/<slug:slug>/-/ladder/", views.detail_region, name="policy-region"),
    path("escalation/<slug:slug>/edit/", views.edit, name="edit-policy"),
    path("escalation/<slug:slug>/remove/", views.remove, name="remove-policy"),
]
