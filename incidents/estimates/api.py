"""By when it may work again, in the API."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.response import Response

from core.api.fields import Id, Time
from core.api.permissions import Responds
from core.api.views import Lists, Shows, ViewSet
from incidents.estimates import operations, queries
from incidents.estimates.models import Estimate
from incidents.lifecycle import queries as lifecycle

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request

    from incidents.lifecycle.models import Incident

INCIDENT = OpenApiParameter(
    "incident", str, OpenApiParameter.PATH, description="The incident's number: INC-12 or 12."
)


class EstimateOut(serializers.ModelSerializer[Estimate]):
    """By when it may work again, as somebody said; null took it back. The newest counts."""

    id = Id()
    restored_at = Time(read_only=True, allow_null=True)
    by = serializers.CharField(source="by_id", read_only=True)
    by_name = serializers.CharField(source="by.name", read_only=True)
    at = Time(read_only=True)

    class Meta:
        model = Estimate
        fields: ClassVar[list[str]] = ["id", "restored_at", "public", "why", "by", "by_name", "at"]
        read_only_fields = fields


class EstimateIn(serializers.Serializer[dict[str, Any]]):
    """`restored_at` null takes it back; `public` lets customers read it on the status page."""

    restored_at = Time(allow_null=True)
    public = serializers.BooleanField(required=False)
    why = serializers.CharField(max_length=300, required=False, allow_blank=True)


@extend_schema_view(list=extend_schema(parameters=[INCIDENT]), retrieve=extend_schema(parameters=[INCIDENT]))
class Estimates(Lists, Shows, ViewSet):
    """By when an incident may be over for customers, with everything that was said before."""

    permission_classes = (Responds,)
    serializer_class = EstimateOut
    filterset_fields: ClassVar[list[str]] = ["public"]
    ordering = "-id"
    ordering_fields: ClassVar[list[str]] = ["id"]

    def get_queryset(self) -> QuerySet[Estimate]:
        """Give those of the incident that the path names, if this person may see it."""
        if getattr(self, "swagger_fake_view", False):
            return Estimate.objects.order_by("-pk")
        return queries.of(self.person, self._incident())

    def _incident(self) -> Incident:
        return lifecycle.get(self.person, self.kwargs["incident"])

    @extend_schema(parameters=[INCIDENT], request=EstimateIn, responses={201: EstimateOut, 204: None})
    def create(self, request: Request, incident: str) -> Response:
        """Say by when it may work again; 204 where there was nothing to take back."""
        row = operations.estimate(self._incident(), **self.read(EstimateIn), actor=self.person)
        return Response(status=HTTPStatus.NO_CONTENT) if row is None else self.created(row)
