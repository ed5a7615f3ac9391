from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from core.api.fields import Time, by_reference
from core.api.permissions import Configures, Reads
from core.api.schema import takes
from core.api.views import ViewSet
from oncall.lookahead import operations, queries
from oncall.lookahead.rules.worries import Kind
from oncall.schedules import queries as schedules

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request

    from oncall.schedules.models import Schedule


class WorryOut(serializers.Serializer[Any]):
    """Something that will be wrong with a schedule: why, and what mends it."""

    schedule = serializers.CharField()
    kind = serializers.ChoiceField(choices=[kind.value for kind in Kind])
    grave = serializers.BooleanField(source="is_grave")
    text = serializers.CharField()
    reason = serializers.CharField()
    fix = serializers.CharField()
    start = Time()
    end = Time(allow_null=True)
    users = serializers.ListField(child=serializers.CharField())


class Ahead(ViewSet):
    """What will be wrong with the schedules in the next 14 days."""

    permission_classes = (Reads,)
    serializer_class = WorryOut
    pagination_class = None  # type: ignore[assignment]
    filter_backends = ()  # type: ignore[assignment]

    def get_queryset(self) -> QuerySet[Schedule]:
        return schedules.schedules()

    @extend_schema(
        parameters=[OpenApiParameter("schedule", str, description="The slug or id of one; default: all.")],
        responses=WorryOut(many=True),
    )
    def list(self, request: Request) -> Response:
        """Give gaps, double duty, too little rest and the like, each with its reason; what is grave first."""
        asked, now = request.query_params.get("schedule"), timezone.now()
        if asked is None:
            found = queries.shown(now)
            rows = [(row, found.get(row.pk, [])) for row in self.get_queryset()]
        else:
            row = by_reference(self.get_queryset(), asked, ["slug"])
            if row is None:
                raise ValidationError({"schedule": ["There is no such schedule."]})
            rows = [(row, queries.shown_of(row, now))]
        return Response([_shown(row, worry) for row, some in rows for worry in some])


class LimitsInOut(serializers.Serializer[Any]):
    """How many people share a schedule at least, for how many days at most, with how many hours of rest."""

    people = serializers.IntegerField(min_value=1, max_value=50)
    days = serializers.IntegerField(min_value=1, max_value=60)
    rest_hours = serializers.IntegerField(min_value=0, max_value=24)


class ScheduleLimitsOf(ViewSet):
    """What is too small, too long or too short for a schedule."""

    permission_classes = (Configures,)
    serializer_class = LimitsInOut
    references: ClassVar[list[str]] = ["slug"]

    def get_queryset(self) -> QuerySet[Schedule]:
        return schedules.schedules().select_related("limits")

    def represent(self, thing: Schedule) -> Any:
        return dict(LimitsInOut(queries.limits_of(thing)).data)

    @takes(gives=LimitsInOut)
    def retrieve(self, request: Request, ref: str) -> Response:
        """Give what is too much for a schedule."""
        return self.answer(self.get_object())

    @takes(LimitsInOut, LimitsInOut)
    def update(self, request: Request, ref: str) -> Response:
        """Say what is too much for a schedule; its managers alone."""
        schedule = self.get_object()
        operations.set_limits(schedule, **self.read(LimitsInOut), actor=self.person)
        return self.answer(self.get_queryset().get(pk=schedule.pk))


def _shown(row: Schedule, worry: Any) -> dict[str, Any]:
    shown = WorryOut({"schedule": row.slug, **{name: getattr(worry, name) for name in _FIELDS}})
    return dict(shown.data)


_FIELDS = ("kind", "is_grave", "text", "reason", "fix", "start", "end", "users")
