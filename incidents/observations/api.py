"""Something odd that is no incident yet, in the API."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action

from core.api.fields import Id, SlugOrId, Time
from core.api.permissions import Responds
from core.api.schema import takes
from core.api.views import Lists, Shows, ViewSet
from incidents.catalog.models import Service
from incidents.lifecycle import queries as lifecycle
from incidents.observations import operations, queries
from incidents.observations.models import Observation

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request
    from rest_framework.response import Response


class ObservationOut(serializers.ModelSerializer[Observation]):
    """Something odd: until when it is kept, and what became of it. `incident` is what it is part of."""

    id = Id()
    service = serializers.CharField(source="service.slug", default=None, allow_null=True, read_only=True)
    noted_by = serializers.CharField(source="noted_by_id", read_only=True)
    noted_at = Time(read_only=True)
    expires_at = Time(read_only=True)
    incident = serializers.CharField(allow_null=True, read_only=True)
    ended_at = Time(read_only=True, allow_null=True)
    ended_by = serializers.CharField(source="ended_by_id", read_only=True, allow_null=True)

    class Meta:
        model = Observation
        fields = (
            "id",
            "text",
            "service",
            "noted_by",
            "noted_at",
            "expires_at",
            "times",
            "incident",
            "ended_at",
            "ended_by",
            "why",
        )
        read_only_fields = fields


class ObservationIn(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=500)
    service = SlugOrId(Service.objects.visible_to, required=False, allow_null=True)


class SettleIn(serializers.Serializer[Any]):
    why = serializers.CharField(max_length=300)


class ObservationLinkIn(serializers.Serializer[Any]):
    incident = serializers.CharField(max_length=20, help_text="INC-12 or 12.")


class Observations(Lists, Shows, ViewSet):
    """What was odd and is no incident, or not yet."""

    permission_classes = (Responds,)
    serializer_class = ObservationOut
    filterset_fields = {"service__slug": ["exact"], "ended_at": ["isnull"]}
    search_fields = ("text",)
    ordering = "-noted_at"
    ordering_fields = ("noted_at", "expires_at", "id")

    def get_queryset(self) -> QuerySet[Observation, Any]:
        """Give what this person may know of."""
        return queries.seen(self.person)

    @takes(ObservationIn, ObservationOut, status=HTTPStatus.CREATED)
    def create(self, request: Request) -> Response:
        """Note something odd."""
        return self.created(operations.note(**self.read(ObservationIn), actor=self.person))

    @extend_schema(request=None, responses=ObservationOut)
    @action(detail=True, methods=["post"], url_path="seen-again")
    def seen_again(self, request: Request, ref: str) -> Response:
        """Say that it was seen once more, so that it is kept for longer."""
        return self.answer(operations.seen_again(self.get_object(), actor=self.person))

    @takes(SettleIn, ObservationOut)
    @action(detail=True, methods=["post"])
    def settle(self, request: Request, ref: str) -> Response:
        """Say what it was."""
        return self.answer(operations.settle(self.get_object(), **self.read(SettleIn), actor=self.person))

    @takes(ObservationLinkIn, ObservationOut)
    @action(detail=True, methods=["post"])
    def link(self, request: Request, ref: str) -> Response:
        """Make it part of an incident that is open."""
        row = self.get_object()
        incident = lifecycle.get(self.person, self.read(ObservationLinkIn)["incident"])
        return self.answer(operations.link(row, incident=incident, actor=self.person))

    @extend_schema(request=None, responses={201: ObservationOut})
    @action(detail=True, methods=["post"])
    def declare(self, request: Request, ref: str) -> Response:
        """Make it an incident, with everything carried over; `incident` is its number."""
        row = self.get_object()
        operations.declare(row, actor=self.person)
        return self.answer(queries.get(self.person, row.pk), status=HTTPStatus.CREATED)
