"""Data breaches and the clocks of the authorities, in the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from core.api.fields import Id, Seconds, SlugOrId, Time
from core.api.permissions import Reads, Responds
from core.api.views import Lists, Shows, ViewSet
from incidents.lifecycle import queries as lifecycle
from incidents.regulators import operations, queries
from incidents.regulators.models import DataBreach, Regime, ReportDuty

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request

    from incidents.lifecycle.models import Incident

INCIDENT = OpenApiParameter(
    "incident", str, OpenApiParameter.PATH, description="The incident's number: INC-12 or 12."
)


class RegimeOut(serializers.ModelSerializer[Regime]):
    """An authority: `remind_percent` are the shares of the time after which somebody is reminded."""

    id = Id()
    within_seconds = Seconds(read_only=True)

    class Meta:
        model = Regime
        fields: ClassVar[list[str]] = [
            "id",
            "slug",
            "name",
            "what",
            "within_seconds",
            "remind_percent",
            "is_active",
        ]
        read_only_fields = fields


class Regimes(Lists, Shows, ViewSet):
    """Who has to hear of a data breach. Admins change it in the admin."""

    permission_classes = (Reads,)
    serializer_class = RegimeOut
    references: ClassVar[list[str]] = ["slug"]
    filterset_fields: ClassVar[list[str]] = ["is_active"]
    ordering = "position"
    ordering_fields: ClassVar[list[str]] = ["position", "name", "id"]

    def get_queryset(self) -> QuerySet[Regime]:
        """Give all of them."""
        return queries.regimes(self.person)


class ReportDutyOut(serializers.ModelSerializer[ReportDuty]):
    """A report to an authority: by when, and who made it under which reference, or why there is none."""

    id = Id()
    regime = serializers.CharField(source="regime.slug", read_only=True)
    name = serializers.CharField(source="regime.name", read_only=True)
    due_at = Time(read_only=True)
    ended_at = Time(read_only=True, allow_null=True)
    ended_by = serializers.CharField(source="ended_by_id", read_only=True, allow_null=True)

    class Meta:
        model = ReportDuty
        fields: ClassVar[list[str]] = [
            "id", "regime", "name", "due_at", "state", "reference", "why", "ended_at", "ended_by",
        ]  # fmt: skip
        read_only_fields = fields


class BreachOut(serializers.ModelSerializer[DataBreach]):
    """That data may have been breached: since when somebody knew, what is known, and why it was none where it was not."""

    aware_at = Time(read_only=True)
    flagged_by = serializers.CharField(source="flagged_by_id", read_only=True)
    created_at = Time(read_only=True)
    ended_at = Time(read_only=True, allow_null=True)

    class Meta:
        model = DataBreach
        fields: ClassVar[list[str]] = [
            "aware_at", "what", "flagged_by", "created_at", "ended_at", "ended_because", "version",
        ]  # fmt: skip
        read_only_fields = fields


class BreachIn(serializers.Serializer[dict[str, Any]]):
    """`aware_at` is when somebody knew, else now; without `regimes` those in use.

    Said again, what is left out stays: the time, what is known, and what was laid down. All clocks that run follow.
    """

    aware_at = Time(required=False, allow_null=True)
    what = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    regimes = serializers.ListField(child=SlugOrId(queries.regimes), required=False, max_length=50)


class NoBreachIn(serializers.Serializer[dict[str, Any]]):
    why = serializers.CharField(max_length=2000)


class ReportedIn(serializers.Serializer[dict[str, Any]]):
    reference = serializers.CharField(max_length=200)
    at = Time(required=False, allow_null=True)


@extend_schema_view(list=extend_schema(parameters=[INCIDENT]), retrieve=extend_schema(parameters=[INCIDENT]))
class ReportDuties(Lists, Shows, ViewSet):
    """What has to be reported to authorities: flagged as a data breach, an incident starts their clocks."""

    permission_classes = (Responds,)
    serializer_class = ReportDutyOut
    filterset_fields: ClassVar[list[str]] = ["state"]
    ordering = "due_at"
    ordering_fields: ClassVar[list[str]] = ["due_at", "id"]

    def get_queryset(self) -> QuerySet[ReportDuty]:
        """Give those of the incident that the path names, if this person may see it."""
        if getattr(self, "swagger_fake_view", False):
            return ReportDuty.objects.order_by("due_at", "pk")
        return queries.duties(self.person, self._incident())

    def _incident(self) -> Incident:
        return lifecycle.get(self.person, self.kwargs["incident"])

    def _all(self, incident: Incident) -> Response:
        return Response(ReportDutyOut(queries.duties(self.person, incident), many=True).data)

    @extend_schema(parameters=[INCIDENT], responses=BreachOut, filters=False)
    @action(detail=False, methods=["get"], pagination_class=None)
    def breach(self, request: Request, incident: str) -> Response:
        """Give the flag itself; 404 where nobody flagged a breach."""
        found = queries.breach(self.person, self._incident())
        if found is None:
            raise Http404("Nobody flagged a data breach here.")
        return Response(BreachOut(found).data)

    @extend_schema(parameters=[INCIDENT], request=BreachIn, responses=ReportDutyOut(many=True))
    @action(detail=False, methods=["post"], pagination_class=None)
    def flag(self, request: Request, incident: str) -> Response:
        """Say that data may have been breached: the clocks start. Again with another time, they follow it."""
        found = self._incident()
        operations.flag(found, **self.read(BreachIn), actor=self.person)
        return self._all(found)

    @extend_schema(parameters=[INCIDENT], request=NoBreachIn, responses=ReportDutyOut(many=True))
    @action(detail=False, methods=["post"], url_path="no-breach", pagination_class=None)
    def no_breach(self, request: Request, incident: str) -> Response:
        """Say that it was none after all."""
        found = self._incident()
        operations.unflag(found, **self.read(NoBreachIn), actor=self.person)
        return self._all(found)

    @extend_schema(parameters=[INCIDENT], request=ReportedIn, responses=ReportDutyOut)
    @action(detail=True, methods=["post"])
    def reported(self, request: Request, incident: str, ref: str) -> Response:
        """Say that the authority has the report, and under which reference."""
        return self.answer(operations.report(self.get_object(), **self.read(ReportedIn), actor=self.person))

    @extend_schema(parameters=[INCIDENT], request=NoBreachIn, responses=ReportDutyOut)
    @action(detail=True, methods=["post"], url_path="need-not")
    def need_not(self, request: Request, incident: str, ref: str) -> Response:
        """Say why nothing has to be reported there."""
        return self.answer(operations.need_not(self.get_object(), **self.read(NoBreachIn), actor=self.person))

    @extend_schema(parameters=[INCIDENT], request=NoBreachIn, responses=ReportDutyOut)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, incident: str, ref: str) -> Response:
        """Say why its clock runs after all, as where the wrong one was stopped."""
        return self.answer(operations.reopen(self.get_object(), **self.read(NoBreachIn), actor=self.person))
