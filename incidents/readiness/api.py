"""`services/{}/readiness/`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from core.api.fields import Time
from core.api.permissions import Responds
from core.api.views import ViewSet
from incidents.catalog import queries as catalog
from incidents.readiness import operations, queries
from incidents.readiness.rules import Outcome

if TYPE_CHECKING:
    from rest_framework.request import Request

SERVICE = OpenApiParameter("service", str, OpenApiParameter.PATH, description="The service's slug.")


class ReadinessAnswerOut(serializers.Serializer[Any]):
    """What a person answered."""

    outcome = serializers.ChoiceField(choices=[outcome.value for outcome in Outcome])
    note = serializers.CharField()
    by = serializers.CharField(source="by_id")
    at = Time()


class ReadinessItemOut(serializers.Serializer[Any]):
    """An item: `is_fact` is worked out from what is there, the others are answered by people."""

    item = serializers.CharField()
    text = serializers.CharField()
    is_met = serializers.BooleanField()
    is_fact = serializers.BooleanField()
    said = serializers.CharField()
    answer = ReadinessAnswerOut(allow_null=True)


class ReadinessAnswerIn(serializers.Serializer[Any]):
    """An answer. A fact can only be `not_needed`, with a note that says why, or `no`."""

    item = serializers.CharField(max_length=40)
    outcome = serializers.ChoiceField(choices=[outcome.value for outcome in Outcome])
    note = serializers.CharField(required=False, allow_blank=True, max_length=300, default="")


class ReadinessOfService(ViewSet):
    """What a service has, and what it lacks."""

    permission_classes = (Responds,)
    serializer_class = ReadinessItemOut
    pagination_class = None  # type: ignore[assignment]
    filter_backends = ()  # type: ignore[assignment]

    @extend_schema(parameters=[SERVICE], responses=ReadinessItemOut(many=True))
    def list(self, request: Request, service: str) -> Response:
        """Give all items."""
        found = queries.review(self.person, catalog.get(self.person, service))
        return Response(ReadinessItemOut(found.lines, many=True).data)

    @extend_schema(
        parameters=[SERVICE], request=ReadinessAnswerIn, responses={200: ReadinessItemOut(many=True)}
    )
    def create(self, request: Request, service: str) -> Response:
        """Answer one; the items as they stand then."""
        found = catalog.get(self.person, service)
        operations.answer(found, **self.read(ReadinessAnswerIn), actor=self.person)
        return Response(ReadinessItemOut(queries.review(self.person, found).lines, many=True).data)
