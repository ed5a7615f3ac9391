from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.response import Response

from core.api.fields import Id, Time
from core.api.permissions import Owns
from core.api.views import Lists, Shows, ViewSet
from oncall.absences import operations, queries
from oncall.absences.models import Absence, AbsenceCalendar

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request


class AbsenceOut(serializers.ModelSerializer[Absence]):
    """A stretch in which you are away; `calendar` is the one it was read from, null for one entered by hand."""

    id = Id()
    start = Time()
    end = Time()
    calendar = serializers.CharField(source="calendar_id", allow_null=True)

    class Meta:
        model = Absence
        fields = ("id", "start", "end", "note", "calendar")
        read_only_fields = fields


class AbsenceIn(serializers.Serializer[dict[str, Any]]):
    start = Time()
    end = Time()
    note = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class MyAbsences(Lists, Shows, ViewSet):
    """Your own absences that are not over. They take you off no schedule."""

    permission_classes = (Owns,)
    serializer_class = AbsenceOut

    def get_queryset(self) -> QuerySet[Absence]:
        return queries.coming(self.person)

    @extend_schema(request=AbsenceIn, responses={201: AbsenceOut})
    def create(self, request: Request) -> Response:
        """Note an absence."""
        return self.created(operations.add(self.person, **self.read(AbsenceIn)))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, ref: str) -> Response:
        """Take back an absence that was entered by hand; those of a calendar go with it, time off with its plan."""
        absence = self.get_object()
        if absence.calendar_id is not None or hasattr(absence, "time_off"):
            raise NotFound
        operations.remove(absence)
        return Response(status=204)


class CalendarOut(serializers.ModelSerializer[AbsenceCalendar]):
    """A calendar whose events are your absences. Its address is never shown again, only its host."""

    id = Id()
    read_at = Time(allow_null=True)
    left_out = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = AbsenceCalendar
        fields = ("id", "host", "only", "read_at", "error", "left_out")
        read_only_fields = fields


class CalendarIn(serializers.Serializer[dict[str, Any]]):
    url = serializers.CharField(max_length=2000)
    only = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")


class MyAbsenceCalendars(Lists, Shows, ViewSet):
    """The calendars that your absences are read from, every 15 minutes."""

    permission_classes = (Owns,)
    serializer_class = CalendarOut

    def get_queryset(self) -> QuerySet[AbsenceCalendar]:
        return queries.calendars(self.person)

    @extend_schema(request=CalendarIn, responses={201: CalendarOut})
    def create(self, request: Request) -> Response:
        """Read absences from an iCalendar address from now on."""
        return self.created(operations.add_calendar(self.person, **self.read(CalendarIn)))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, ref: str) -> Response:
        """Read a calendar no longer; its absences go with it."""
        operations.remove_calendar(self.get_object())
        return Response(status=204)
