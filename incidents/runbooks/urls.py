from django.urls import path

from incidents.runbooks.views import shelf

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
    path("services/<slug:slug>/-/runbooks/", shelf.service_panel, name="service-runbooks-panel"),
]
