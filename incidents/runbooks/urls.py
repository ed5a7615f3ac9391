from django.urls import path

from incidents.runbooks.views import reports, runs, shelf

urlpatterns = [
    path("runbooks/", shelf.index, name="runbooks"),
    path("runbooks/-/new/", shelf.add, name="new-runbook"),
    path("runbooks/-/import/", shelf.bring_in, name="import-runbook"),
    path("runbooks/<slug:slug>/", shelf.detail, name="runbook"),
    path("runbooks/<slug:slug>/edit/", shelf.edit, name="edit-runbook"),
    path("runbooks/<slug:slug>/export/", shelf.export, name="export-runbook"),
    path("runbooks/<slug:slug>/confirm/", shelf.confirm, name="confirm-runbook"),
    path("runbooks/<slug:slug>/retire/", shelf.retire, name="retire-runbook"),
    path("runbooks/<slug:slug>/versions/", shelf.versions, name="runbook-versions"),
    path("runbooks/<slug:slug>/versions/<int:version>/", shelf.compare, name="runbook-version"),
    path("runbooks/<slug:slug>/versions/<int:version>/restore/", shelf.restore, name="restore-runbook"),
    path("runbooks/<slug:slug>/wrong/", reports.wrong, name="wrong-runbook"),
    path("runbooks/<slug:slug>/reports/<int:pk>/settle/", reports.settle, name="settle-report"),
    # In a room
    path("incidents/<inc:number>/runbooks/", runs.index, name="room-runbook-index"),
    path("incidents/<inc:number>/-/runbooks/", runs.panel, name="room-runbooks"),
    path("incidents/<inc:number>/runbooks/start/", runs.start, name="start-runbook"),
    path("incidents/<inc:number>/runbooks/<int:pk>/", runs.run, name="runbook-run"),
    path("incidents/<inc:number>/-/runbooks/<int:pk>/", runs.part, name="runbook-run-region"),
    path("incidents/<inc:number>/runbooks/<int:pk>/steps/<int:step>/", runs.mark, name="mark-step"),
    path("incidents/<inc:number>/runbooks/<int:pk>/finish/", runs.finish, name="finish-runbook"),
    path("incidents/<inc:number>/runbooks/<int:pk>/wrong/", reports.wrong_in_room, name="wrong-in-room"),
    # Of a service
    path("services/<slug:slug>/-/runbooks/", shelf.service_panel, name="service-runbooks-panel"),
]
