"""What customers report of an incident, in the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action

from core.api.fields import Id, Time
from core.api.permissions import Responds
from core.api.views import Lists, Shows, ViewSet
from incidents.customer_reports import operations, queries
from incidents.customer_reports.models import CustomerReport
from incidents.lifecycle import queries as lifecycle

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request
    from rest_framework.response import Response

    from incidents.lifecycle.models import Incident

INCIDENT = OpenApiParameter(
    "incident", str, OpenApiParameter.PATH, description="The incident's number: INC-12 or 12."
)


class CustomerReportOut(serializers.ModelSerializer[CustomerReport]):
    """How many customers said what, and when; one that was taken back is not counted."""

    id = Id()
    at = Time(read_only=True)
    by = serializers.CharField(source="by_id", read_only=True)
    by_name = serializers.CharField(source="by.name", read_only=True)
    taken_back_at = Time(read_only=True, allow_null=True)

    class Meta:
        model = CustomerReport
        fields: ClassVar[list[str]] = ["id", "count", "text", "at", "by", "by_name", "taken_back_at"]
        read_only_fields = fields


class CustomerReportIn(serializers.Serializer[dict[str, Any]]):
    """What they say is enough; `at` may lie in the past."""

    text = serializers.CharField(max_length=5000)
    count = serializers.IntegerField(required=False, min_value=1, max_value=operations.MOST)
    at = Time(required=False, allow_null=True)


@extend_schema_view(list=extend_schema(parameters=[INCIDENT]), retrieve=extend_schema(parameters=[INCIDENT]))
class CustomerReports(Lists, Shows, ViewSet):
    """What customers report by themselves: a help desk can send its counts here."""

    permission_classes = (Responds,)
    serializer_class = CustomerReportOut
    filterset_fields: ClassVar[dict[str, list[str]]] = {"taken_back_at": ["isnull"]}
    ordering = "-at"
    ordering_fields: ClassVar[list[str]] = ["at", "id"]

    def get_queryset(self) -> QuerySet[CustomerReport]:
        """Give those of the incident that the path names, if this person may see it."""
        if getattr(self, "swagger_fake_view", False):
            return CustomerReport.objects.order_by("-at", "-pk")
        return queries.of(self.person, self._incident())

    def _incident(self) -> Incident:
        return lifecycle.get(self.person, self.kwargs["incident"])

    @extend_schema(parameters=[INCIDENT], request=CustomerReportIn, responses={201: CustomerReportOut})
    def create(self, request: Request, incident: str) -> Response:
        """Write down what customers report."""
        data = self.read(CustomerReportIn)
        return self.created(operations.note(self._incident(), **data, actor=self.person))

    @extend_schema(parameters=[INCIDENT], request=None, responses=CustomerReportOut)
    @action(detail=True, methods=["post"], url_path="take-back")
    def take_back(self, request: Request, incident: str, ref: str) -> Response:
        """Count it no more."""
        return self.answer(operations.take_back(self.get_object(), actor=self.person))
