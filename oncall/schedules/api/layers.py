"""A layer of a schedule as it is sent and given."""

from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING, Any, cast

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.accounts import queries as people
from core.api.fields import Time, ZoneName
from oncall.schedules import operations, queries
from oncall.schedules.models import Layer, OnHolidays, Unit
from oncall.schedules.rules.layers import WEEKDAYS

if TYPE_CHECKING:
    from core.accounts.models import User

KNOWN = "people who may be on call"
DAYS = [name.lower() for name in WEEKDAYS]


class Handoff(serializers.Serializer[dict[str, Any]]):
    every = serializers.IntegerField(min_value=1, max_value=365, default=1)
    unit = serializers.ChoiceField(choices=Unit.values, default=Unit.WEEK.value)
    at = serializers.TimeField(format="%H:%M", input_formats=["%H:%M", "%H:%M:%S"])
    weekday = serializers.ChoiceField(choices=DAYS, required=False, allow_null=True)


class RestrictionField(serializers.Serializer[dict[str, Any]]):
    weekday = serializers.ChoiceField(choices=DAYS, required=False, allow_null=True)
    start = serializers.TimeField(format="%H:%M", input_formats=["%H:%M", "%H:%M:%S"])
    end = serializers.TimeField(format="%H:%M", input_formats=["%H:%M", "%H:%M:%S"])

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Name the ends `from` and `to`; the first is no name that Python allows."""
        fields = super().get_fields()
        return {"weekday": fields["weekday"], "from": fields["start"], "to": fields["end"]}


@extend_schema_field(
    {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}, {"type": "null"}]}
)
class Place(serializers.Field[Any, Any, Any, Any]):
    """A place in the rotation: a user id, several who are on call together, or null for a pause."""

    def to_internal_value(self, data: Any) -> list[User] | None:
        if data is None:
            return None
        refs = data if isinstance(data, list) else [data]
        if len(refs) > operations.MOST:
            raise serializers.ValidationError(f"At most {operations.MOST} people are on call together.")
        known = self._known()
        found = [known.get(str(ref)) for ref in refs]
        if not found or None in found:
            raise serializers.ValidationError(f"There is no person {data!r} who may be on call.")
        return [user for user in found if user is not None]

    def _known(self) -> dict[str, User]:
        """Look everybody up once for the whole request: 30 rotations name hundreds of places."""
        context = cast("dict[str, Any]", self.context)  # one for the whole request
        if KNOWN not in context:
            rows = list(people.pageable())
            context[KNOWN] = {**{str(row.pk): row for row in rows}, **{row.email: row for row in rows}}
        found: dict[str, User] = context[KNOWN]
        return found

    def to_representation(self, value: list[int] | None) -> Any:
        if value is None:
            return None
        return str(value[0]) if len(value) == 1 else [str(pk) for pk in value]


class LayerInput(serializers.Serializer[dict[str, Any]]):
    id = serializers.IntegerField(
        required=False,
        min_value=1,
        help_text="The rotation that this one continues; default: the one of its name.",
    )
    name = serializers.CharField(max_length=80)
    start = Time()
    time_zone = ZoneName(required=False, help_text="Of its hand-offs; default: that of the schedule.")
    rank = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=1000,
        help_text="A higher one covers the lower ones, equal ones are on call together; default: above the one before.",
    )
    handoff = Handoff()
    participants = serializers.ListField(child=Place(allow_null=True), min_length=1, max_length=200)
    restrictions = RestrictionField(many=True, required=False, max_length=operations.MOST)  # type: ignore[call-arg]
    counts_only_active = serializers.BooleanField(
        required=False, help_text="A turn in which no window opens is not used up."
    )
    on_holidays = serializers.ChoiceField(
        choices=OnHolidays.choices,
        required=False,
        help_text="On the public holidays of the schedule; default: counts.",
    )


class LayerOutput(serializers.Serializer[Layer]):
    id = serializers.CharField()
    name = serializers.CharField()
    start = Time()
    time_zone = serializers.CharField()
    rank = serializers.IntegerField()
    handoff = Handoff()
    participants = serializers.ListField(child=serializers.CharField(allow_null=True))
    restrictions = RestrictionField(many=True)
    counts_only_active = serializers.BooleanField()
    on_holidays = serializers.CharField()

    def to_representation(self, layer: Layer) -> dict[str, Any]:
        value = queries.layer_value(layer)
        place = Place()
        return {
            "id": str(layer.lineage),
            "name": layer.name,
            "start": Time().to_representation(layer.start),
            "time_zone": layer.time_zone,
            "rank": layer.position,
            "handoff": {
                "every": layer.every,
                "unit": layer.unit,
                "at": f"{layer.handoff_at:%H:%M}",
                "weekday": DAYS[layer.weekday] if layer.weekday is not None else None,
            },
            "participants": [
                place.to_representation(list(people) if people is not None else None)
                for people in value.participants
            ],
            "restrictions": [window(each.weekday, each.start, each.end) for each in value.restrictions],
            "counts_only_active": layer.counts_only_active,
            "on_holidays": layer.on_holidays,
        }


def window(weekday: int | None, start: time, end: time) -> dict[str, Any]:
    """A window of the day or week as JSON."""
    return {
        "weekday": DAYS[weekday] if weekday is not None else None,
        "from": f"{start:%H:%M}",
        "to": f"{end:%H:%M}",
    }


def windows(data: list[dict[str, Any]]) -> list[tuple[int | None, time, time]]:
    """Windows out of the request's words."""
    return [
        (DAYS.index(each["weekday"]) if each.get("weekday") else None, each["from"], each["to"])
        for each in data
    ]


def spec(data: dict[str, Any]) -> operations.LayerSpec:
    """A rotation out of the request's words."""
    handoff = data["handoff"]
    weekday = handoff.get("weekday")
    return operations.LayerSpec(
        name=data["name"],
        start=data["start"],
        handoff_at=handoff["at"],
        unit=handoff["unit"],
        every=handoff["every"],
        weekday=DAYS.index(weekday) if weekday else None,
        participants=data["participants"],
        restrictions=windows(data.get("restrictions", [])),
        time_zone=data.get("time_zone", ""),
        rank=data.get("rank"),
        counts_only_active=data.get("counts_only_active", False),
        lineage=data.get("id"),
        on_holidays=data.get("on_holidays", OnHolidays.COUNTS.value),
    )
