from typing import Any

from django.urls import include, path, register_converter

from incidents.lifecycle.rules import parse_ref


class Reference:
    """INC-12 in an address; 12 is understood as well."""

    regex = r"(?:[Ii][Nn][Cc]-)?[1-9][0-9]{0,8}"

    def to_python(self, value: str) -> int:
        number = parse_ref(value)
        if number is None:
            raise ValueError(value)
        return number

    def to_url(self, value: Any) -> str:
        return value if isinstance(value, str) else f"INC-{getattr(value, 'number', value)}"


register_converter(Reference, "inc")

app_name = "incidents"
urlpatterns = [
    path("", include("incidents.board.urls")),
    path("", include("incidents.room.urls")),
    path("", include("incidents.edits.urls")),
    path("", include("incidents.privacy.urls")),
    path("", include("incidents.attachments.urls")),
    path("", include("incidents.approvals.urls")),
    path("", include("incidents.command.urls")),
    path("", include("incidents.updates.urls")),
    path("", include("incidents.fields.urls")),
    path("", include("incidents.tasks.urls")),
    path("", include("incidents.ties.urls")),
    path("", include("incidents.felt.urls")),
    path("", include("incidents.production.urls")),
    path("", include("incidents.readouts.urls")),
    path("", include("incidents.customer_reports.urls")),
    path("", include("incidents.subscriptions.urls")),
    path("", include("incidents.regulators.urls")),
    path("", include("incidents.security.urls")),
    path("", include("incidents.closing.urls")),
    path("", include("incidents.owed.urls")),
    path("", include("incidents.nudges.urls")),
    path("", include("incidents.mitigations.urls")),
    path("", include("incidents.runbooks.urls")),
    path("", include("incidents.audiences.urls")),
    path("", include("incidents.catalog.urls")),
    path("", include("incidents.past.urls")),
    path("", include("incidents.readiness.urls")),
    path("", include("incidents.inventory.urls")),
    path("", include("incidents.changes.urls")),
    path("", include("incidents.observations.urls")),
]
