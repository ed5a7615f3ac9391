"""A layer of a schedule as it is sent and given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.accounts import queries as people
from core.api.fields import Time, by_reference
from oncall.schedules import operations, queries
from oncall.schedules.models import Layer, Unit
from oncall.schedules.rules.layers import WEEKDAYS

if TYPE_CHECKING:
    from core.accounts.models import User

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
        found = [
            by_reference(people.people(), str(ref), ["email"])
            for ref in (data if isinstance(data, list) else [data])
        ]
        if not found or None in found:
            raise serializers.ValidationError(f"There is no person {data!r}.")
        return [user for user in found if user is not None]

    def to_representation(self, value: list[int] | None) -> Any:
        if value is None:
            return None
        return str(value[0]) if len(value) == 1 else [str(pk) for pk in value]


class LayerInput(serializers.Serializer[dict[str, Any]]):
    name = serializers.CharField(max_length=80)
    start = Time()
    handoff = Handoff()
    participants = serializers.ListField(child=Place(allow_null=True), min_length=1, max_length=200)
    restrictions = RestrictionField(many=True, required=False)


class LayerOutput(serializers.Serializer[Layer]):
    name = serializers.CharField()
    start = Time()
    handoff = Handoff()
    participants = serializers.ListField(child=serializers.CharField(allow_null=True))
    restrictions = RestrictionField(many=True)

    def to_representation(self, layer: Layer) -> dict[str, Any]:
        value = queries.layer_value(layer)
        weekday = DAYS[layer.weekday] if layer.weekday is not None else None
        place = Place()
        return {
            "name": layer.name,
            "start": Time().to_representation(layer.start),
            "handoff": {
                "every": layer.every,
                "unit": layer.unit,
                "at": f"{layer.handoff_at:%H:%M}",
                "weekday": weekday,
            },
            "participants": [
                place.to_representation(list(people) if people is not None else None)
                for people in value.participants
            ],
            "restrictions": [
                {
                    "weekday": DAYS[window.weekday] if window.weekday is not None else None,
                    "from": f"{window.start:%H:%M}",
                    "to": f"{window.end:%H:%M}",
                }
                for window in value.restrictions
            ],
        }


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
        restrictions=[
            (DAYS.index(window["weekday"]) if window.get("weekday") else None, window["from"], window["to"])
            for window in data.get("restrictions", [])
        ],
    )
