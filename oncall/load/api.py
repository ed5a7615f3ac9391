from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from core.accounts import queries as accounts
from core.accounts.models import User
from core.api.fields import Seconds, by_reference
from core.api.permissions import Reads
from core.api.views import ViewSet
from oncall.load import forms, queries
from oncall.load.rules import spans
from oncall.load.rules.hours import Kind

if TYPE_CHECKING:
    from datetime import date, datetime

    from django.db.models import QuerySet
    from rest_framework.request import Request

PERIOD = [
    OpenApiParameter("from", str, description="A date, as 2026-11-01. Default: eight weeks ago."),
    OpenApiParameter("to", str, description="A date, included; at most 366 days in all. Default: today."),
    OpenApiParameter("team", str, description="A team that you manage. Default: yourself."),
]


class KindsOut(serializers.Serializer[Any]):
    """Seconds on call by kind; each second is of one kind."""

    working_hours = Seconds()
    evenings_and_nights = Seconds()
    weekend = Seconds()
    holiday = Seconds()


class ReachedOut(serializers.Serializer[Any]):
    """What the person was paged about; asked again about the same thing in the same night is one page."""

    in_hours = serializers.IntegerField()
    out_of_hours = serializers.IntegerField()
    at_night = serializers.IntegerField(help_text="From 22:00 to 07:00 by the person's clock.")
    nights_woken = serializers.IntegerField()


class LoadOut(serializers.Serializer[Any]):
    """What being on call was for one person, by their own clocks and public holidays."""

    user = serializers.CharField()
    name = serializers.CharField()
    time_zone = serializers.CharField()
    on_call_seconds = Seconds()
    by_kind = KindsOut()
    weeks = serializers.FloatField()
    weekends = serializers.IntegerField()
    holidays = serializers.IntegerField()
    longest_stretch_seconds = Seconds()
    pages = ReachedOut()


class WeeksOut(serializers.Serializer[Any]):
    """How many weeks of a month somebody is on call."""

    user = serializers.CharField()
    name = serializers.CharField()
    month = serializers.CharField(help_text="As 2026-11.")
    weeks = serializers.FloatField()


class _Reading(ViewSet):
    permission_classes = (Reads,)
    pagination_class = None  # type: ignore[assignment]
    filter_backends = ()  # type: ignore[assignment]

    def get_queryset(self) -> QuerySet[User]:
        return User.objects.filter(pk=self.person.pk)

    def _loads(self, request: Request, now: datetime | None) -> list[queries.Load]:
        first, last = period(request)
        return queries.loads(self._people(request), first, last, viewer=self.person, now=now)

    def _people(self, request: Request) -> list[User]:
        slug = request.query_params.get("team")
        if slug is None:
            return [self.person]
        team = by_reference(accounts.teams(self.person), slug, ["slug"])
        if team is None:
            raise Http404
        return queries.members(team, self.person)


class Loads(_Reading):
    """Hours, weekends, nights and pages per person. Your own, or those of a team that you manage, by name."""

    serializer_class = LoadOut

    @extend_schema(parameters=PERIOD, responses=LoadOut(many=True))
    def list(self, request: Request) -> Response:
        """What being on call was in a period; what is only planned does not count."""
        return Response([represent(load) for load in self._loads(request, timezone.now())])


class Weeks(_Reading):
    """Weeks on call per person and month, for whoever plans other work. Your own, or those of a team that you manage."""

    serializer_class = WeeksOut

    @extend_schema(parameters=PERIOD, responses=WeeksOut(many=True))
    def list(self, request: Request) -> Response:
        """Weeks on call of a period, those that are planned included."""
        return Response(
            [
                {**_who(load), "month": f"{month:%Y-%m}", "weeks": round(float(share), 2)}
                for load in self._loads(request, None)
                for month, share in load.months
            ]
        )


def represent(load: queries.Load) -> dict[str, Any]:
    """One person's load as JSON."""
    return {
        **_who(load),
        "time_zone": load.zone.key,
        "on_call_seconds": round(load.hours.total.total_seconds()),
        "by_kind": {kind.value: round(load.hours.of(kind).total_seconds()) for kind in Kind},
        "weeks": round(float(load.hours.weeks), 2),
        "weekends": load.hours.weekends,
        "holidays": load.hours.holidays,
        "longest_stretch_seconds": round(load.longest.total_seconds()),
        "pages": {
            "in_hours": load.pages.in_hours,
            "out_of_hours": load.pages.out_of_hours,
            "at_night": load.pages.at_night,
            "nights_woken": len(load.pages.woken),
        },
    }


def _who(load: queries.Load) -> dict[str, str]:
    return {"user": str(load.user.pk), "name": str(load.user)}


def period(request: Request) -> tuple[date, date]:
    """The dates of the query; 400 where they make no sense."""
    first, last = forms.default()
    first, last = _date(request, "from", first), _date(request, "to", last)
    try:
        spans.period(first, last)
    except spans.Unfit as error:
        raise ValidationError({"to": [str(error)]}) from error
    return first, last


def _date(request: Request, name: str, default: date) -> date:
    text = request.query_params.get(name)
    if text is None:
        return default
    try:
        found: date = serializers.DateField().to_internal_value(text)
    except serializers.ValidationError as error:
        raise ValidationError({name: error.detail}) from error
    return found
