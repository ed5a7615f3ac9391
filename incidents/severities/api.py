"""`severities/`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework import serializers

from core.api.fields import Id
from core.api.permissions import Reads
from core.api.views import Lists, Shows, ViewSet
from incidents.severities import queries
from incidents.severities.models import ReasonToDeclare, Severity

if TYPE_CHECKING:
    from django.db.models import QuerySet


class SeverityOut(serializers.ModelSerializer[Severity]):
    """A level of the scale; rank 1 is the worst."""

    id = Id()
    aliases = serializers.ListField(child=serializers.CharField(), read_only=True)
    audiences = serializers.ListField(child=serializers.CharField(), read_only=True)
    required_roles = serializers.ListField(child=serializers.CharField(), read_only=True)
    update_every_seconds = serializers.IntegerField(allow_null=True, read_only=True)
    respond_within_seconds = serializers.IntegerField(allow_null=True, read_only=True)
    commander_within_seconds = serializers.IntegerField(allow_null=True, read_only=True)
    stable_seconds = serializers.IntegerField(allow_null=True, read_only=True)

    class Meta:
        model = Severity
        fields = (
            "id",
            "slug",
            "rank",
            "name",
            "label",
            "aliases",
            "definition",
            "response",
            "example",
            "audiences",
            "update_every_seconds",
            "respond_within_seconds",
            "commander_within_seconds",
            "stable_seconds",
            "stable_since",
            "required_roles",
            "separation",
            "two_incidents",
            "paging",
            "needs_postmortem",
        )
        read_only_fields = fields


class SeverityViewSet(Lists, Shows, ViewSet):
    """The severities in use, configured by admins."""

    permission_classes = (Reads,)
    serializer_class = SeverityOut
    references = ["slug"]
    ordering = "rank"
    ordering_fields = ("rank", "name")
    search_fields = ("name", "label", "slug")

    def get_queryset(self) -> QuerySet[Severity, Any]:
        """Give the levels in use."""
        return Severity.objects.visible_to(self.person).active()


class ReasonOut(serializers.ModelSerializer[ReasonToDeclare]):
    """One thing that is enough to declare an incident."""

    id = Id()

    class Meta:
        model = ReasonToDeclare
        fields = ("id", "text", "position")
        read_only_fields = fields


class Reasons(Lists, Shows, ViewSet):
    """When to declare: any one of these is enough. Admins change them in the admin."""

    permission_classes = (Reads,)
    serializer_class = ReasonOut
    ordering = "position"
    ordering_fields = ("position", "id")

    def get_queryset(self) -> QuerySet[ReasonToDeclare, Any]:
        """Give all that are in use."""
        return queries.reasons(self.person)
