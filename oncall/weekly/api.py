"""When somebody gets their weekly summary, in the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.db.models import Q
from django.http import Http404
from rest_framework import serializers
from rest_framework.response import Response

from core.accounts import queries as accounts
from core.accounts.policy import Verb, require
from core.api.permissions import Owns
from core.api.schema import takes
from core.api.views import ViewSet
from oncall.quiet.rules import WEEKDAYS
from oncall.schedules.forms.zones import ZONES
from oncall.weekly import operations, queries
from oncall.weekly.models import WeeklySummary

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request

DAYS = [day.lower() for day in WEEKDAYS]


class WeeklyOut(serializers.Serializer[WeeklySummary]):
    """Whether and when it comes; `time_zone` of a person is their own."""

    is_on = serializers.BooleanField()
    weekday = serializers.SerializerMethodField()
    hour = serializers.IntegerField()
    time_zone = serializers.SerializerMethodField()

    def get_weekday(self, row: WeeklySummary) -> str:
        """Name the day."""
        return DAYS[row.weekday]

    def get_time_zone(self, row: WeeklySummary) -> str:
        """Name the zone by whose clocks it comes."""
        return queries.zone_of(row).key


class WeeklyIn(serializers.Serializer[dict[str, Any]]):
    is_on = serializers.BooleanField()
    weekday = serializers.ChoiceField(choices=DAYS, default=DAYS[0])
    hour = serializers.IntegerField(min_value=0, max_value=23, default=9)
    time_zone = serializers.ChoiceField(
        choices=ZONES, required=False, help_text="Of a team; for a person it is their own."
    )

    def validate_weekday(self, name: str) -> int:
        """Count the days from Monday."""
        return DAYS.index(name)


class WeeklySummaries(ViewSet):
    """When a weekly summary comes: your own (`me`), or what the channels of a team are told (its slug)."""

    permission_classes = (Owns,)
    serializer_class = WeeklyOut
    references: ClassVar[list[str]] = []

    def get_queryset(self) -> QuerySet[WeeklySummary]:
        if getattr(self, "swagger_fake_view", False):
            return WeeklySummary.objects.order_by("pk")
        mine = Q(user=self.person) | Q(team__in=accounts.teams(self.person))
        return WeeklySummary.objects.select_related("user", "team").filter(mine).order_by("pk")

    @takes(gives=WeeklyOut)
    def retrieve(self, request: Request, ref: str) -> Response:
        """Give whether and when it comes."""
        return Response(self.represent(self._row(ref)))

    @takes(WeeklyIn, WeeklyOut)
    def update(self, request: Request, ref: str) -> Response:
        """Choose whether and when it comes; for a team its managers do."""
        row = self._row(ref)
        if row.team is not None:
            require(self.person, Verb.CONFIGURE, row.team)
        if row.pk and (wanted := request.headers.get("If-Match")):
            self._unchanged(row, wanted)
        given = {"time_zone": row.time_zone, **self.read(WeeklyIn)}
        saved = operations.choose(user=row.user, team=row.team, **given, actor=self.person)
        return Response(self.represent(saved))

    def _row(self, ref: str) -> WeeklySummary:
        if ref == "me":
            return queries.of_user(self.person)
        team = accounts.teams(self.person).filter(slug=ref).first()
        if team is None:
            raise Http404
        return queries.of_team(team)
