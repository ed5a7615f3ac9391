from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.response import Response

from core.accounts import queries as people
from core.accounts.models import Team, User
from core.accounts.policy import Verb, require
from core.api.fields import Id, SlugOrId, Time, ZoneName, by_reference
from core.api.permissions import Configures, Reads, Responds
from core.api.views import Lists, Shows, ViewSet
from oncall.schedules import operations, queries
from oncall.schedules.models import Layer, Override, Schedule, Unit
from oncall.schedules.rules.layers import WEEKDAYS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet
    from rest_framework.request import Request

    from oncall.schedules.rules import resolver

LONGEST = timedelta(days=400)
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


class ScheduleSerializer(serializers.ModelSerializer[Schedule]):
    id = Id()
    team = serializers.CharField(source="team.slug", default=None, allow_null=True, read_only=True)
    layers = serializers.SerializerMethodField()
    url = serializers.SerializerMethodField()

    class Meta:
        model = Schedule
        fields: ClassVar[list[str]] = [
            "id",
            "slug",
            "name",
            "description",
            "time_zone",
            "team",
            "layers",
            "url",
        ]
        read_only_fields = fields

    @extend_schema(responses=LayerOutput(many=True))
    def get_layers(self, schedule: Schedule) -> Any:
        layers = queries.layers_in_force(schedule, at=timezone.now())
        return [LayerOutput(layer).data for layer in layers]

    def get_url(self, schedule: Schedule) -> str:
        return queries.address(schedule)


class ScheduleInput(serializers.Serializer[dict[str, Any]]):
    slug = serializers.SlugField(max_length=60)
    name = serializers.CharField(max_length=80)
    description = serializers.CharField(required=False, allow_blank=True, default="")
    time_zone = ZoneName()
    team = SlugOrId(lambda _: Team.objects.all(), required=False, allow_null=True, default=None)
    layers = LayerInput(many=True)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        taken: dict[str, bool] = {
            name: Schedule.objects.filter(**{name: data[name]}).exists()
            for name in ("slug", "name")
            if name in data
        }
        wrong: dict[str, Any] = {name: ["Another schedule has it."] for name, found in taken.items() if found}
        if wrong:
            raise ValidationError(wrong)
        return data


class ScheduleReplacement(serializers.Serializer[dict[str, Any]]):
    layers = LayerInput(many=True)
    time_zone = ZoneName(required=False)
    effective_at = Time(required=False, help_text="From when on it counts; default now, never the past.")


class ShiftOutput(serializers.Serializer[Any]):
    start = Time()
    end = Time()
    users = serializers.ListField(child=serializers.CharField())
    layer = serializers.CharField(allow_null=True)
    override = serializers.CharField(allow_null=True)
    reason = serializers.CharField()


class NextOutput(serializers.Serializer[Any]):
    start = Time()
    users = serializers.ListField(child=serializers.CharField())


class OnCallOutput(serializers.Serializer[Any]):
    at = Time()
    users = serializers.ListField(child=serializers.CharField())
    until = Time(allow_null=True)
    next = NextOutput(allow_null=True)
    reason = serializers.CharField()


class OverrideOutput(serializers.ModelSerializer[Override]):
    id = Id()
    start = Time()
    end = Time()
    user = serializers.CharField(source="user_id", allow_null=True)
    replaces = serializers.CharField(source="replaces_id", allow_null=True)

    class Meta:
        model = Override
        fields: ClassVar[list[str]] = ["id", "start", "end", "user", "replaces", "reason"]
        read_only_fields = fields


class OverrideInput(serializers.Serializer[dict[str, Any]]):
    start = Time()
    end = Time()
    user = SlugOrId(lambda _: people.people(), slug=None)
    replaces = SlugOrId(lambda _: people.people(), slug=None, required=False, allow_null=True)
    reason = serializers.CharField(required=False, max_length=200, allow_blank=True)


INSTANTS = [
    OpenApiParameter("from", datetime, required=True, description="Begin of the window, RFC 3339."),
    OpenApiParameter("to", datetime, required=True, description="End of the window, at most 400 days later."),
]


class Schedules(Lists, Shows, ViewSet):
    """Who is on call when."""

    permission_classes = (Configures,)
    serializer_class = ScheduleSerializer
    references: ClassVar[list[str]] = ["slug"]
    search_fields: ClassVar[list[str]] = ["name", "slug"]

    def get_queryset(self) -> QuerySet[Schedule]:
        return queries.schedules().order_by("pk")

    def get_permissions(self) -> list[Any]:
        """Let every responder cover a shift; the rotations are for those who configure."""
        return (
            [Responds()]
            if self.action in {"overrides", "delete_override"}
            else list(super().get_permissions())
        )

    @extend_schema(request=ScheduleInput, responses={201: ScheduleSerializer})
    def create(self, request: Request) -> Response:
        """Create a schedule with its rotations; a later layer covers the ones before it."""
        data = self.read(ScheduleInput)
        require(request.user, Verb.CONFIGURE, data["team"])
        layers = [spec(layer) for layer in data.pop("layers")]
        return self.created(operations.create(**data, layers=layers, actor=_person(request)))

    @extend_schema(request=ScheduleReplacement, responses=ScheduleSerializer)
    def update(self, request: Request, ref: str) -> Response:
        """Replace the rotations from `effective_at` on. The past stays as it was."""
        schedule = self.get_object()
        data = self.read(ScheduleReplacement)
        operations.save_layers(
            schedule,
            layers=[spec(layer) for layer in data["layers"]],
            effective_at=data.get("effective_at"),
            time_zone=data.get("time_zone"),
            actor=_person(request),
        )
        return self.answer(schedule)

    @extend_schema(parameters=INSTANTS, responses=ShiftOutput(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def shifts(self, request: Request, ref: str) -> Response:
        """The final schedule of a window; a stretch with nobody has `users: []` and the reason."""
        schedule = self.get_object()
        start, end = instant(request, "from"), instant(request, "to")
        if not start < end <= start + LONGEST:
            raise ValidationError({"to": ["Has to lie after `from`, by at most 400 days."]})
        one = queries.resolve([schedule.pk], start=start, end=end)[schedule.pk]
        return Response([shift(piece) for piece in one.final(start, end)])

    @extend_schema(
        parameters=[OpenApiParameter("at", datetime, description="Default: now.")],
        responses=OnCallOutput,
        filters=False,
    )
    @action(detail=True, methods=["get"], url_path="on-call", pagination_class=None)
    def on_call(self, request: Request, ref: str) -> Response:
        """Who is on call at an instant, until when, and who is next."""
        schedule = self.get_object()
        at = instant(request, "at", default=timezone.now())
        one = queries.resolve([schedule.pk], start=at, end=at + queries.HORIZON)[schedule.pk]
        return Response(state(one.now(at), at))

    @extend_schema(methods=["get"], responses=OverrideOutput(many=True), filters=False)
    @extend_schema(methods=["post"], request=OverrideInput, responses={201: OverrideOutput})
    @action(detail=True, methods=["get", "post"])
    def overrides(self, request: Request, ref: str) -> Response:
        """Overrides that are not over, or a new one: instead of `replaces`, or of everybody."""
        schedule = self.get_object()
        if request.method == "POST":
            row = operations.add_override(schedule, **self.read(OverrideInput), actor=_person(request))
            row.refresh_from_db()
            return Response(OverrideOutput(row).data, status=201)
        chunk = self.paginate_queryset(queries.live_overrides(schedule))
        return self.get_paginated_response(OverrideOutput(chunk, many=True).data)

    @extend_schema(
        parameters=[OpenApiParameter("override", str, OpenApiParameter.PATH)], responses={204: None}
    )
    @action(detail=True, methods=["delete"], url_path="overrides/(?P<override>[^/]+)")
    def delete_override(self, request: Request, ref: str, override: str) -> Response:
        """Take an override back; one that has begun ends now."""
        row = by_reference(queries.live_overrides(self.get_object()), override, [])
        if row is None:
            raise NotFound
        operations.cancel_override(row, actor=_person(request))
        return Response(status=204)


class OnCallRow(OnCallOutput):
    schedule = serializers.CharField()
    name = serializers.CharField()


class OnCall(ViewSet):
    """Everyone on call, by schedule."""

    permission_classes = (Reads,)
    serializer_class = OnCallRow
    pagination_class = None  # type: ignore[assignment]
    filter_backends = ()  # type: ignore[assignment]

    def get_queryset(self) -> QuerySet[Schedule]:
        return queries.schedules()

    @extend_schema(
        parameters=[OpenApiParameter("at", datetime, description="Default: now.")],
        responses=OnCallRow(many=True),
    )
    def list(self, request: Request) -> Response:
        """Who has each schedule at an instant (default: now)."""
        at = instant(request, "at", default=timezone.now())
        rows = [
            {"schedule": watch.schedule.slug, "name": watch.schedule.name, **state(watch.now, at)}
            for watch in queries.watches(at=at)
        ]
        return Response(rows)


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


def shift(piece: resolver.Slice) -> dict[str, Any]:
    """A stretch of the final schedule as JSON."""
    return {
        "start": Time().to_representation(piece.start),
        "end": Time().to_representation(piece.end),
        "users": ids(piece.users),
        "layer": piece.layer,
        "override": str(piece.override) if piece.override is not None else None,
        "reason": piece.reason,
    }


def state(now: resolver.Now, at: datetime) -> dict[str, Any]:
    """Who has it, as JSON."""
    following = now.following
    return {
        "at": Time().to_representation(at),
        "users": ids(now.current.users),
        "until": Time().to_representation(now.until) if now.until else None,
        "next": {"start": Time().to_representation(following.start), "users": ids(following.users)}
        if following
        else None,
        "reason": now.current.reason,
    }


def ids(users: Iterable[int]) -> list[str]:
    return [str(pk) for pk in users]


def instant(request: Request, name: str, default: datetime | None = None) -> datetime:
    """An instant of the query; 400 where it is missing or unreadable."""
    text = request.query_params.get(name)
    if text is None and default is not None:
        return default
    try:
        return Time().to_internal_value((text or "").replace(" ", "+")).astimezone(UTC)
    except serializers.ValidationError as error:
        raise ValidationError({name: error.detail}) from error


def _person(request: Request) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - the permission has let nobody else through
    return request.user
