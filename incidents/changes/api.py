"""What was changed in production, in the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework import serializers

from core.api.fields import Id, SlugOrId, Time
from core.api.permissions import Responds
from core.api.schema import takes
from core.api.views import Lists, Shows, ViewSet
from incidents.catalog.models import Service
from incidents.changes import operations, queries
from incidents.changes.models import Change, ChangeKind

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request
    from rest_framework.response import Response


class ChangeOut(serializers.ModelSerializer[Change]):
    """Something that was changed in production."""

    id = Id()
    service = serializers.CharField(source="service.slug", read_only=True)
    at = Time(read_only=True)

    class Meta:
        model = Change
        fields = (
            "id",
            "service",
            "kind",
            "summary",
            "previous",
            "version",
            "by",
            "url",
            "at",
            "source",
            "external_id",
        )
        read_only_fields = fields


class ChangeIn(serializers.Serializer[Any]):
    """A change to report; `at` is now unless given. The same `external_id` of a source again changes nothing."""

    service = SlugOrId(Service.objects.visible_to)
    kind = serializers.ChoiceField(choices=ChangeKind.choices)
    summary = serializers.CharField(max_length=1024)
    at = Time(required=False)
    previous = serializers.CharField(max_length=80, required=False, allow_blank=True)
    version = serializers.CharField(max_length=80, required=False, allow_blank=True)
    by = serializers.CharField(max_length=80, required=False, allow_blank=True)
    url = serializers.URLField(max_length=500, required=False, allow_blank=True)
    source = serializers.CharField(max_length=80, required=False, allow_blank=True)  # type: ignore[assignment]
    external_id = serializers.CharField(max_length=120, required=False, allow_blank=True)


class ChangeBeforeOut(serializers.Serializer[Any]):
    """A change, and how long before the incident began it was made; `suspect`: taking it back comes to mind first."""

    change = ChangeOut()
    before_seconds = serializers.SerializerMethodField()
    suspect = serializers.BooleanField()

    def get_before_seconds(self, found: queries.Before) -> int:
        """Give whole seconds."""
        return int(found.before.total_seconds())


class ChangeViewSet(Lists, Shows, ViewSet):
    """Deploys and changes of configuration, feature flags and infrastructure."""

    permission_classes = (Responds,)
    serializer_class = ChangeOut
    filterset_fields = ("service__slug", "kind")
    search_fields = ("summary", "version")
    ordering = "-at"
    ordering_fields = ("at", "id")

    def get_queryset(self) -> QuerySet[Change, Any]:
        """Give the changes this person may know of."""
        return queries.changes(self.person)

    @takes(ChangeIn, ChangeOut, status=201)
    def create(self, request: Request) -> Response:
        """Report a change, as from a deploy pipeline."""
        return self.created(operations.record_change(**self.read(ChangeIn), actor=self.person))
