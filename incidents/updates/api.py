"""To whom the updates of an incident went, in the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers

from core.api.fields import Id, Time
from core.api.permissions import Reads
from core.api.views import Lists, Shows, ViewSet
from incidents.lifecycle import queries as lifecycle
from incidents.updates import queries
from incidents.updates.models import Told

if TYPE_CHECKING:
    from django.db.models import QuerySet

INCIDENT = OpenApiParameter(
    "incident", str, OpenApiParameter.PATH, description="The incident's number: INC-12 or 12."
)


class ToldOut(serializers.ModelSerializer[Told]):
    """One person, mail address or channel that an update went to, by which lists, and what became of it."""

    id = Id()
    update = serializers.CharField(source="update_id", read_only=True)  # type: ignore[assignment]
    user = serializers.CharField(source="user_id", allow_null=True, read_only=True)
    lists = serializers.ListField(child=serializers.CharField(), read_only=True)
    ended_at = Time(read_only=True, allow_null=True)

    class Meta:
        model = Told
        fields: ClassVar[list[str]] = [
            "id",
            "update",
            "name",
            "user",
            "channel",
            "lists",
            "state",
            "detail",
            "ended_at",
        ]
        read_only_fields = fields


@extend_schema_view(list=extend_schema(parameters=[INCIDENT]), retrieve=extend_schema(parameters=[INCIDENT]))
class WasTold(Lists, Shows, ViewSet):
    """To whom the updates of an incident went."""

    permission_classes = (Reads,)
    serializer_class = ToldOut
    filterset_fields: ClassVar[list[str]] = ["update", "state"]
    ordering = "id"
    ordering_fields: ClassVar[list[str]] = ["id"]

    def get_queryset(self) -> QuerySet[Told]:
        """Give those of the incident that the path names, if this person may see it."""
        if getattr(self, "swagger_fake_view", False):
            return Told.objects.order_by("pk")
        return queries.told(self.person, lifecycle.get(self.person, self.kwargs["incident"]))
