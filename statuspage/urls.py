from django.urls import path

from statuspage.components import views as components
from statuspage.notices import views as notices
from statuspage.public import views as public

app_name = "statuspage"
urlpatterns = [
    # For anybody
    path("status/<slug:slug>/", public.index, name="index"),
    path("status/<slug:slug>/history/", public.history, name="history"),
    path("status/<slug:slug>/incidents/<slug:public_id>/", public.notice, name="notice"),
    path("status/<slug:slug>/api/v2/summary.json", public.summary_json, name="summary-json"),
    path("status/<slug:slug>/api/v2/status.json", public.status_json, name="status-json"),
    path("status/<slug:slug>/api/v2/components.json", public.components_json, name="components-json"),
    path("status/<slug:slug>/api/v2/incidents.json", public.incidents_json, name="incidents-json"),
    path(
        "status/<slug:slug>/api/v2/incidents/unresolved.json", public.unresolved_json, name="unresolved-json"
    ),
    path("status/<slug:slug>/history.atom", public.atom, name="atom"),
    # For the people who run it
    path("status-pages/", components.index, name="pages"),
    path("status-pages/new/", components.create, name="new-page"),
    path("status-pages/<slug:slug>/", components.manage, name="manage"),
    path("status-pages/<slug:slug>/settings/", components.change, name="change-page"),
    path("status-pages/<slug:slug>/components/", components.add, name="add-component"),
    path(
        "status-pages/<slug:slug>/components/<slug:public_id>/state/", components.set_state, name="set-state"
    ),
    path("status-pages/-/INC-<int:number>/", notices.incident_panel, name="incident-panel"),
]
