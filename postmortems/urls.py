from django.urls import path

from postmortems.action_items import views as action_items
from postmortems.reports import views as reports

app_name = "postmortems"
urlpatterns = [
    # Postmortems
    path("postmortems/", reports.index, name="list"),
    path("postmortems/INC-<int:number>/", reports.detail, name="detail"),
    path("postmortems/INC-<int:number>/start/", reports.start, name="start"),
    path("postmortems/INC-<int:number>/edit/", reports.edit, name="edit"),
    path("postmortems/INC-<int:number>/save/", reports.save, name="save"),
    path("postmortems/INC-<int:number>/author/", reports.set_author, name="author"),
    path("postmortems/INC-<int:number>/review/", reports.review, name="review"),
    path("postmortems/INC-<int:number>/draft/", reports.draft, name="draft"),
    path("postmortems/INC-<int:number>/publish/", reports.publish, name="publish"),
    path("postmortems/INC-<int:number>/export.md", reports.export, name="export"),
    path("postmortems/INC-<int:number>/factors/", reports.add_factor, name="add-factor"),
    path(
        "postmortems/INC-<int:number>/factors/<int:pk>/remove/", reports.remove_factor, name="remove-factor"
    ),
    path("postmortems/INC-<int:number>/actions/", reports.add_action, name="add-action"),
    path("postmortems/INC-<int:number>/timeline/refresh/", reports.refresh, name="refresh-timeline"),
    path("postmortems/INC-<int:number>/timeline/<int:pk>/", reports.edit_timeline, name="edit-timeline"),
    path("postmortems/INC-<int:number>/-/incident/", reports.incident_panel, name="incident-panel"),
    # Action items
    path("action-items/", action_items.index, name="action-items"),
    path("action-items/new/", action_items.create, name="new-action-item"),
    path("action-items/<int:pk>/", action_items.edit, name="action-item"),
    path("action-items/<int:pk>/move/", action_items.move, name="move-action-item"),
]
