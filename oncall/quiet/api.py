from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.response import Response

from core.api.fields import Id
from core.api.views import Mine
from oncall.quiet import operations, queries
from oncall.quiet.models import Holiday, QuietHours
from oncall.quiet.rules import WEEKDAYS

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request

DAYS = [day.lower() for day in WEEKDAYS]


@extend_schema_field({"type": "string", "pattern": "^[0-2][0-9]:[0-5][0-9]$", "example": "22:00"})
class Clock(serializers.TimeField):
    """A time of day in hours and minutes, without a zone."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="%H:%M", input_formats=["%H:%M"], **kwargs)


class HoursOut(serializers.Serializer[QuietHours]):
    """From when until when low urgency waits, by your own clock; an end before the start is on the next day."""

    id = Id()
    weekdays = serializers.SerializerMethodField()

    def get_fields(self) -> dict[str, Any]:
        """Call the two ends what the contract calls them: `from` is no name for an attribute."""
        return super().get_fields() | {
            "from": Clock(source="start"),
            "to": Clock(source="end"),
        }

    def get_weekdays(self, hours: QuietHours) -> list[str]:
        """Name the days on which it begins."""
        return [DAYS[day] for day in sorted(hours.days)]


class HoursIn(serializers.Serializer[dict[str, Any]]):
    weekdays = serializers.ListField(
        child=serializers.ChoiceField(choices=DAYS), allow_empty=False, default=list(DAYS)
    )

    def get_fields(self) -> dict[str, Any]:
        """Call the two ends what the contract calls them."""
        return super().get_fields() | {
            "from": Clock(source="start"),
            "to": Clock(source="end"),
        }

    def validate_weekdays(self, names: list[str]) -> list[int]:
        """Count the days from Monday."""
        return [DAYS.index(name) for name in names]


class MyQuietHours(Mine):
    """Your own quiet hours: low urgency waits until they are over, high urgency never waits."""

    serializer_class = HoursOut

    def get_queryset(self) -> QuerySet[QuietHours]:
        return queries.hours_of(self.person)

    @extend_schema(request=HoursIn, responses={201: HoursOut})
    def create(self, request: Request) -> Response:
        """Add quiet hours."""
        return self.created(operations.add_hours(self.person, **self.read(HoursIn)))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, ref: str) -> Response:
        """Take quiet hours back."""
        operations.remove_hours(self.get_object())
        return Response(status=204)


class HolidayOut(serializers.ModelSerializer[Holiday]):
    """A date on which low urgency waits."""

    id = Id()
    date = serializers.DateField(source="day", read_only=True)

    class Meta:
        model = Holiday
        fields = ("id", "date", "name")
        read_only_fields = fields


class HolidayIn(serializers.Serializer[dict[str, Any]]):
    date = serializers.DateField(source="day")
    name = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")


class MyHolidays(Mine):
    """Your own holidays that are to come."""

    serializer_class = HolidayOut

    def get_queryset(self) -> QuerySet[Holiday]:
        return queries.holidays_of(self.person)

    @extend_schema(request=HolidayIn, responses={201: HolidayOut})
    def create(self, request: Request) -> Response:
        """Add a holiday."""
        return self.created(operations.add_holiday(self.person, **self.read(HolidayIn)))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, ref: str) -> Response:
        """Take a holiday back."""
        operations.remove_holiday(self.get_object())
        return Response(status=204)
