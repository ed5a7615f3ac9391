"""The calendars that a schedule is read from, in the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.response import Response

from core.api.fields import Id, Time
from core.api.permissions import Responds
from core.api.views import Lists, Shows, ViewSet
from oncall.calendars import operations, queries
from oncall.calendars.models import USES, ScheduleCalendar
from oncall.schedules.api.parents import PARENT, schedule_of

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request


class ScheduleCalendarOut(serializers.ModelSerializer[ScheduleCalendar]):
    """A calendar whose events are shifts or overrides. Its address is never shown again, only its host."""

    id = Id()
    coming = serializers.IntegerField(read_only=True, help_text="How many shifts of it are not over.")
    created_at = Time()
    created_by = serializers.CharField(source="created_by_id", allow_null=True)
    read_at = Time(allow_null=True)
    left_out = serializers.ListField(
        child=serializers.CharField(), help_text="Events that change nothing, each with its reason."
    )

    class Meta:
        model = ScheduleCalendar
        fields = (
            "id", "name", "host", "use", "rank", "coming", "created_at", "created_by", "read_at", "error",
            "left_out",
        )  # fmt: skip
        read_only_fields = fields


class ScheduleCalendarIn(serializers.Serializer[dict[str, Any]]):
    name = serializers.CharField(max_length=60)
    url = serializers.CharField(max_length=2000)
    use = serializers.ChoiceField(choices=USES)
    rank = serializers.IntegerField(
        min_value=0, max_value=1000, default=100, help_text="Of shifts: a higher one covers the lower ones."
    )


@extend_schema_view(list=extend_schema(parameters=[PARENT]), retrieve=extend_schema(parameters=[PARENT]))
class ScheduleCalendars(Lists, Shows, ViewSet):
    """The calendars that a schedule is read from, every 15 minutes."""

    permission_classes = (Responds,)
    serializer_class = ScheduleCalendarOut

    def get_queryset(self) -> QuerySet[ScheduleCalendar]:
        if getattr(self, "swagger_fake_view", False):
            return ScheduleCalendar.objects.order_by("pk")
        return queries.of(schedule_of(self.kwargs))

    @extend_schema(parameters=[PARENT], request=ScheduleCalendarIn, responses={201: ScheduleCalendarOut})
    def create(self, request: Request, schedule: str) -> Response:
        """Let the events of an iCalendar address be shifts or overrides from now on; for managers."""
        return self.created(
            operations.add(schedule_of(self.kwargs), **self.read(ScheduleCalendarIn), actor=self.person)
        )

    @extend_schema(parameters=[PARENT], responses={204: None})
    def destroy(self, request: Request, schedule: str, ref: str) -> Response:
        """Read it no longer; for managers. Whom it had on call until now stays in the record."""
        operations.remove(self.get_object(), actor=self.person)
        return Response(status=204)
