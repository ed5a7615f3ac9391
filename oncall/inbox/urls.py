from django.urls import path

from oncall.inbox import views

urlpatterns = [
    path("alerts/", views.index, name="alerts"),
    path("alerts/-/list/", views.list_region, name="alerts-region"),
    path("alerts/<int:pk>/", views.detail, name="alert"),
    path("alerts/<int:pk>/-/alert/", views.detail_region, name="alert-region"),
    path("alerts/<int:pk>/acknowledge/", views.acknowledge, name="acknowledge-alert"),
    path("alerts/<int:pk>/unacknowledge/", views.unacknowledge, name="unacknowledge-alert"),
    path("alerts/<int:pk>/resolve/", views.resolve, name="resolve-alert"),
    path("alerts/<int:pk>/escalate/", views.escalate, name="escalate-alert"),
    path("alerts/<int:pk>/snooze/", views.snooze, name="snooze-alert"),
    path("alerts/<int:pk>/judge/", views.judge, name="judge-alert"),
    path("alerts/<int:pk>/declare/", views.declare, name="declare-alert"),
    path("alerts/<int:pk>/fix/", views.fix, name="fix-alert"),
    path("alerts/<int:pk>/attach/", views.attach, name="attach-alert"),
    path("alerts/-/INC-<int:number>/alerts/", views.incident_alerts, name="incident-alerts"),
    path("alerts/-/INC-<int:number>/pages/", views.incident_pages, name="incident-pages"),
    path("alerts/-/together/<int:pk>/", views.together, name="told-together"),
    path("alerts/-/pages/", views.open_pages, name="open-pages"),
    path("alerts/-/services/<slug:slug>/", views.service_panel, name="service-panel"),
]
