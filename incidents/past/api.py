"""`services/{}/past/` and `services/{}/experts/`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from core.api.fields import Time
from core.api.permissions import Reads
from core.api.views import ViewSet
from incidents.catalog import queries as catalog
from incidents.past import queries

if TYPE_CHECKING:
    from rest_framework.request import Request

SERVICE = OpenApiParameter("service", str, OpenApiParameter.PATH, description="The service's slug.")


class LatestOut(serializers.Serializer[Any]):
    """An incident of the service."""

    number = serializers.CharField(source="__str__")
    title = serializers.CharField()
    severity = serializers.CharField(source="severity.slug")
    status = serializers.CharField()
    declared_at = Time()
    resolved_at = Time(allow_null=True)


class PastOut(serializers.Serializer[Any]):
    """The failures of the last 365 days and the seconds from the beginning of one to that of the next.

    Practice, false alarms and private incidents do not count, for nobody. `days` is the state of each of the last 90.
    """

    failures = serializers.IntegerField(source="between.failures")
    mean_seconds_between = serializers.FloatField(source="between.mean_seconds", allow_null=True)
    median_seconds_between = serializers.FloatField(source="between.median_seconds", allow_null=True)
    last_at = Time(allow_null=True)
    days = serializers.ListField(child=serializers.CharField(), source="states")
    latest = LatestOut(many=True)


class ExpertOut(serializers.Serializer[Any]):
    """Somebody who knows the service: `is_named` for it, or suggested by the incidents they took part in."""

    user = serializers.CharField(source="user.pk")
    name = serializers.CharField(source="user.name")
    is_named = serializers.BooleanField()
    incidents = serializers.IntegerField()


class _OfService(ViewSet):
    permission_classes = (Reads,)
    pagination_class = None  # type: ignore[assignment]
    filter_backends = ()  # type: ignore[assignment]


class PastOfService(_OfService):
    """The incidents of a service and the time between them."""

    serializer_class = PastOut

    @extend_schema(parameters=[SERVICE], responses=PastOut)
    def list(self, request: Request, service: str) -> Response:
        """Give the last year."""
        found = catalog.get(self.person, service)
        return Response(PastOut(queries.past(self.person, found)).data)


class Experts(_OfService):
    """Who knows a service."""

    serializer_class = ExpertOut

    @extend_schema(parameters=[SERVICE], responses=ExpertOut(many=True))
    def list(self, request: Request, service: str) -> Response:
        """Give who is named for it, then who took part most often in its incidents."""
        found = catalog.get(self.person, service)
        return Response(ExpertOut(queries.experts(found), many=True).data)
