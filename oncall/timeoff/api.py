from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from core.accounts import queries as accounts
from core.api.fields import Id, SlugOrId, Time, by_reference
from core.api.permissions import Configures, Owns
from core.api.schema import takes
from core.api.views import Lists, Shows, ViewSet
from incidents.severities import queries as severities
from oncall.load import queries as load
from oncall.load.api import PERIOD, period
from oncall.timeoff import operations, queries
from oncall.timeoff.models import MOST_DAYS, MOST_HOURS, MOST_MINUTES, TimeOff, TimeOffTerms
from oncall.timeoff.rules import Terms

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request

_USUAL = Terms()


class TimeOffOut(serializers.ModelSerializer[TimeOff]):
    """Time off for being on call; `day` is the morning of the night, the Saturday, or when the incident was over."""

    id = Id()
    user = serializers.CharField(source="user_id")
    name = serializers.CharField(source="user")
    team = serializers.CharField(source="team.slug", allow_null=True, default=None)
    incident = serializers.CharField(allow_null=True, default=None)
    hours = serializers.FloatField()
    start = Time(allow_null=True)
    end = Time(allow_null=True)

    class Meta:
        model = TimeOff
        fields = (
            "id",
            "user",
            "name",
            "why",
            "day",
            "team",
            "incident",
            "hours",
            "count",
            "awake_minutes",
            "take_by",
            "state",
            "start",
            "end",
            "reason",
        )
        read_only_fields = fields


class PlanIn(serializers.Serializer[dict[str, Any]]):
    start = Time()
    end = Time()


class TimeOffDeclineIn(serializers.Serializer[dict[str, Any]]):
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


TEAM = OpenApiParameter(
    "team", str, description="A team that you manage, its people by name. Default: yourself."
)


class TimesOff(Shows, ViewSet):
    """Time off for hard nights, weekends on call and major incidents. You plan your own."""

    permission_classes = (Owns,)
    serializer_class = TimeOffOut
    pagination_class = None  # type: ignore[assignment]
    filter_backends = ()  # type: ignore[assignment]

    def get_queryset(self) -> QuerySet[TimeOff]:
        return queries.mine(self.person)

    @extend_schema(parameters=[*PERIOD[:2], TEAM], responses=TimeOffOut(many=True))
    def list(self, request: Request) -> Response:
        """What was earned in a period: yours, or that of the people of a team that you manage."""
        first, last = period(request)
        people = [self.person]
        if (slug := request.query_params.get("team")) is not None:
            team = by_reference(accounts.teams(self.person), slug, ["slug"])
            if team is None:
                raise ValidationError({"team": [f"There is no {slug!r}, or none that you may see."]})
            people = load.members(team, self.person)
        rows = queries.seen(people, self.person, first=first, last=last)
        return Response([self.represent(row) for row in rows])

    @takes(PlanIn, TimeOffOut)
    @action(detail=True, methods=["post"])
    def plan(self, request: Request, ref: str) -> Response:
        """Say when it is taken, or was. Until then it is an absence of yours."""
        row = self.get_object()
        return self.answer(operations.plan(row, **self.read(PlanIn), actor=self.person))

    @takes(TimeOffDeclineIn, TimeOffOut)
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, ref: str) -> Response:
        """Say that you do not want it."""
        row = self.get_object()
        return self.answer(operations.decline(row, **self.read(TimeOffDeclineIn), actor=self.person))

    @takes(gives=TimeOffOut)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, ref: str) -> Response:
        """Take your plan or your refusal back."""
        return self.answer(operations.reopen(self.get_object(), actor=self.person))


class TermsOut(serializers.ModelSerializer[TimeOffTerms]):
    """How many hours being on call earns in a team; without one, in every team that has no terms of its own."""

    id = Id()
    team = serializers.CharField(source="team.slug", allow_null=True, default=None)
    severity = serializers.CharField(source="severity.slug", allow_null=True, default=None)

    class Meta:
        model = TimeOffTerms
        fields = (
            "id",
            "team",
            "per_night",
            "per_weekend",
            "per_incident",
            "woken_minutes",
            "severity",
            "days",
        )
        read_only_fields = fields


def _whole(most: int, default: int, *, least: int = 0, help_text: str = "") -> serializers.IntegerField:
    return serializers.IntegerField(min_value=least, max_value=most, default=default, help_text=help_text)


class TermsIn(serializers.Serializer[dict[str, Any]]):
    team = SlugOrId(accounts.teams, required=False, allow_null=True, default=None)
    per_night = _whole(MOST_HOURS, _USUAL.per_night, help_text="Hours for a hard night.")
    per_weekend = _whole(MOST_HOURS, _USUAL.per_weekend, help_text="Hours for a weekend on call.")
    per_incident = _whole(MOST_HOURS, _USUAL.per_incident, help_text="Hours after a major incident.")
    woken_minutes = _whole(
        MOST_MINUTES,
        _USUAL.woken_minutes,
        help_text="Awake for longer makes a night hard; 0: only its limit does.",
    )
    severity = SlugOrId(
        lambda _: severities.levels(),
        allow_null=True,
        help_text="This level and worse ones are major; null: no incident is.",
    )
    days = _whole(MOST_DAYS, _USUAL.days, least=1, help_text="So many days it can be taken.")


class TimeOffTermsOf(Lists, Shows, ViewSet):
    """How much time off being on call earns: in the teams that you manage, and in every team."""

    permission_classes = (Configures,)
    serializer_class = TermsOut

    def get_queryset(self) -> QuerySet[TimeOffTerms]:
        return queries.all_terms(self.person)

    @extend_schema(request=TermsIn, responses={201: TermsOut})
    def create(self, request: Request) -> Response:
        """Say what is earned from now on; what was said for that team before is replaced."""
        return self.created(operations.set_terms(actor=self.person, **self.read(TermsIn)))
