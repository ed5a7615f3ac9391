from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from core.accounts import queries as accounts
from core.accounts.models import User
from core.api.fields import Id, Seconds, SlugOrId, by_reference
from core.api.permissions import Configures, Reads
from core.api.views import Lists, Shows, ViewSet
from oncall.load import forms, operations, queries
from oncall.load.models import AMOUNTS, PayRates
from oncall.load.rules import pay, spans
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


class Amount(serializers.DecimalField):
    """An amount of money, 0 where it is left out."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("default", Decimal())
        super().__init__(max_digits=9, decimal_places=2, min_value=Decimal(), **kwargs)


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


class PaidOut(serializers.Serializer[Any]):
    """So much of something at a rate; `team` is whose schedules it was for, empty: no team's."""

    team = serializers.CharField()
    what = serializers.ChoiceField(choices=[what.value for what in pay.What])
    quantity = serializers.FloatField()
    rate = serializers.DecimalField(max_digits=9, decimal_places=2)
    amount = serializers.DecimalField(max_digits=20, decimal_places=2)
    currency = serializers.CharField()


class PayOut(serializers.Serializer[Any]):
    """What is paid to one person for a period."""

    user = serializers.CharField()
    name = serializers.CharField()
    lines = PaidOut(many=True)


class ReliedOut(serializers.Serializer[Any]):
    """How much of what was handled of a service one person handled; `user` is null where it does not rely on one."""

    service = serializers.CharField()
    team = serializers.CharField(allow_null=True)
    alerts = serializers.IntegerField()
    incidents = serializers.IntegerField()
    people = serializers.IntegerField()
    single = serializers.BooleanField()
    user = serializers.CharField(allow_null=True)
    name = serializers.CharField(allow_null=True)
    handled = serializers.IntegerField(allow_null=True)


class PayRatesOut(serializers.ModelSerializer[PayRates]):
    """What is paid from a date on, in the schedules of a team; without one, of every team that has none of its own."""

    id = Id()
    team = serializers.CharField(source="team.slug", allow_null=True, default=None)

    class Meta:
        model = PayRates
        fields = ("id", "team", "since", "currency", *AMOUNTS, "adds", "pays_secondary")
        read_only_fields = fields


class PayRatesIn(serializers.Serializer[dict[str, Any]]):
    team = SlugOrId(accounts.teams, required=False, allow_null=True, default=None)
    since = serializers.DateField()
    currency = serializers.RegexField("^[A-Z]{3}$")
    per_week = Amount()
    per_weekend = Amount()
    per_holiday = Amount()
    per_hour = Amount()
    per_night = Amount(help_text="Per night in which a page woke somebody.")
    adds = serializers.BooleanField(default=True)
    pays_secondary = serializers.BooleanField(default=True)

    def validate_since(self, value: date) -> date:
        """Refuse dates that no period reaches."""
        if not spans.FIRST <= value <= spans.LAST:
            raise serializers.ValidationError(f"Give a date from {spans.FIRST} to {spans.LAST}.")
        return value


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
            raise ValidationError({"team": [f"There is no {slug!r}, or none that you may see."]})
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


class Pay(_Reading):
    """What is paid per person. Your own, or that of a team that you manage, by name."""

    serializer_class = PayOut

    @extend_schema(parameters=PERIOD, responses=PayOut(many=True))
    def list(self, request: Request) -> Response:
        """What is paid for a period, line by line."""
        loads = self._loads(request, timezone.now())
        return Response(
            [PayOut({**_who(load), "lines": [_line(line) for line in load.paid]}).data for load in loads]
        )


class Reliance(_Reading):
    """Which services rely on one person. Those of the teams that you manage, by name."""

    serializer_class = ReliedOut

    @extend_schema(parameters=PERIOD[:2], responses=ReliedOut(many=True))
    def list(self, request: Request) -> Response:
        """Who handled what of each service, where it was one person: what if they are away?"""
        rows = queries.relied(self.person, *period(request))
        return Response([ReliedOut(_relied(row)).data for row in rows])


class Rates(Lists, Shows, ViewSet):
    """What is paid for being on call: the rates of the teams that you manage, and those of every team."""

    permission_classes = (Configures,)
    serializer_class = PayRatesOut

    def get_queryset(self) -> QuerySet[PayRates]:
        return queries.rates(self.person)

    @extend_schema(request=PayRatesIn, responses={201: PayRatesOut})
    def create(self, request: Request) -> Response:
        """Say what is paid from a date on; what was said for that very date is replaced."""
        return self.created(operations.set_rates(actor=self.person, **self.read(PayRatesIn)))


def _relied(row: queries.Relied) -> dict[str, Any]:
    return {
        "service": row.service.slug,
        "team": row.service.team.slug if row.service.team else None,
        "alerts": row.found.alerts,
        "incidents": row.found.incidents,
        "people": row.found.people,
        "single": row.person is not None,
        "user": str(row.person.pk) if row.person else None,
        "name": str(row.person) if row.person else None,
        "handled": row.found.handled if row.person else None,
    }


def _line(line: pay.Line) -> dict[str, Any]:
    return {
        "team": line.team,
        "what": line.what.value,
        "quantity": round(float(line.quantity), 4),
        "rate": line.rate,
        "amount": line.amount,
        "currency": line.currency,
    }


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
