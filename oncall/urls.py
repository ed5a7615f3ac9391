from django.urls import include, path

app_name = "oncall"
urlpatterns = [
    path("", include("oncall.alerts.urls")),
    path("", include("oncall.runbooks.urls")),
    path("", include("oncall.routing.urls")),
    path("", include("oncall.inbox.urls")),
    path("", include("oncall.byhand.urls")),
    path("", include("oncall.readiness.urls")),
    path("", include("oncall.ledger.urls")),
    path("", include("oncall.imports.urls")),
    path("", include("oncall.calendars.urls")),
    path("", include("oncall.shadows.urls")),
    path("", include("oncall.swaps.urls")),
    path("", include("oncall.lookahead.urls")),
    path("", include("oncall.handoffs.urls")),
    path("", include("oncall.weekly.urls")),
    path("", include("oncall.schedules.urls")),
    path("", include("oncall.phone.urls")),
    path("", include("oncall.escalation.urls")),
    path("", include("oncall.paging.urls")),
    path("", include("oncall.destinations.urls")),
    path("", include("oncall.quiet.urls")),
    path("", include("oncall.feeds.urls")),
    path("", include("oncall.absences.urls")),
    path("", include("oncall.load.urls")),
    path("", include("oncall.timeoff.urls")),
]
