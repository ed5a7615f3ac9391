"""Schedules and their overrides, in the API."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.response import Response

from core.accounts import queries as people
from core.accounts.models import Team
from core.accounts.policy import Verb, require
from core.api.fields import Id, SlugOrId, Time, ZoneName, by_reference
from core.api.permissions import Configures, Responds
from core.api.views import Lists, Shows
from oncall.schedules import operations, queries
from oncall.schedules.api.layers import LayerInput, LayerOutput, RestrictionField, spec
from oncall.schedules.api.shifts import OnCallOutput, ShiftOutput, instant, shift, state
from oncall.schedules.api.versions import (
    ScheduleReplacement,
    TermsInput,
    Versions,
    replacement,
    shown_terms,
    terms,
)
from oncall.schedules.models import Layer, Override, Schedule

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request


LONGEST = timedelta(days=400)


class ScheduleSerializer(serializers.ModelSerializer[Schedule]):
    id = Id()
    team = serializers.CharField(source="team.slug", default=None, allow_null=True, read_only=True)
    version = serializers.IntegerField(help_text="Rises with every change, overrides among them.")
    layers = serializers.SerializerMethodField()
    coverage = RestrictionField(many=True, read_only=True)
    stands_behind = serializers.CharField(read_only=True, allow_null=True)
    offset = serializers.IntegerField(read_only=True, allow_null=True)
    is_informal = serializers.BooleanField(read_only=True)
    holidays = serializers.CharField(read_only=True)
    closed_on_holidays = serializers.BooleanField(read_only=True)
    passes_over_absent = serializers.BooleanField(read_only=True)
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
            "version",
            "layers",
            "coverage",
            "stands_behind",
            "offset",
            "is_informal",
            "holidays",
            "closed_on_holidays",
            "passes_over_absent",
            "url",
        ]
        read_only_fields = fields

    @extend_schema(responses=LayerOutput(many=True))
    def get_layers(self, schedule: Schedule) -> Any:
        layers = queries.layers_in_force(schedule, at=timezone.now())
        return [LayerOutput(layer).data for layer in layers]

    def to_representation(self, schedule: Schedule) -> dict[str, Any]:
        """Add what the version that counts says beside its rotations."""
        for name, value in shown_terms(queries.version_at(schedule, timezone.now())).items():
            setattr(schedule, name, value)
        return super().to_representation(schedule)

    def get_url(self, schedule: Schedule) -> str:
        return queries.address(schedule)


class ScheduleInput(TermsInput):
    slug = serializers.SlugField(max_length=60)
    name = serializers.CharField(max_length=80)
    description = serializers.CharField(required=False, allow_blank=True, default="")
    time_zone = ZoneName()
    team = SlugOrId(lambda _: Team.objects.all(), required=False, allow_null=True, default=None)
    layers = LayerInput(many=True, max_length=operations.MOST)  # type: ignore[call-arg]

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        refuse_taken(data, Schedule.objects.all())
        return data


class ScheduleChange(serializers.Serializer[dict[str, Any]]):
    slug = serializers.SlugField(max_length=60, required=False)
    name = serializers.CharField(max_length=80, required=False)
    description = serializers.CharField(required=False, allow_blank=True)
    team = SlugOrId(lambda _: Team.objects.all(), required=False, allow_null=True)


def refuse_taken(data: dict[str, Any], others: QuerySet[Schedule]) -> None:
    """Answer 400 where another schedule, or another page, has the name or the slug."""
    if data.get("slug") in queries.RESERVED:
        raise ValidationError({"slug": ["Another page is at this address."]})
    taken = {
        name: "A deleted schedule has it: restore that one." if row.deleted_at else "Another schedule has it."
        for name in ("slug", "name")
        if name in data
        for row in others.filter(**{name: data[name]})
    }
    if taken:
        raise ValidationError({name: [sentence] for name, sentence in taken.items()})


class OverrideOutput(serializers.ModelSerializer[Override]):
    id = Id()
    start = Time()
    end = Time()
    user = serializers.CharField(source="user_id", allow_null=True)
    replaces = serializers.CharField(source="replaces_id", allow_null=True)
    layer = serializers.CharField(allow_null=True)

    class Meta:
        model = Override
        fields: ClassVar[list[str]] = ["id", "start", "end", "user", "replaces", "layer", "reason"]
        read_only_fields = fields


class OverrideInput(serializers.Serializer[dict[str, Any]]):
    start = Time()
    end = Time()
    user = SlugOrId(lambda _: people.pageable(), slug=None)
    replaces = SlugOrId(lambda _: people.people(), slug=None, required=False, allow_null=True)
    layer = serializers.CharField(
        required=False,
        allow_null=True,
        help_text="The id or name of the one rotation it is of; default: all.",
    )
    reason = serializers.CharField(required=False, max_length=200, allow_blank=True)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        if data["end"] <= data["start"]:
            raise ValidationError({"end": ["The override has to end after it starts."]})
        return data


INSTANTS = [
    OpenApiParameter("from", datetime, required=True, description="Begin of the window, RFC 3339."),
    OpenApiParameter("to", datetime, required=True, description="End of the window, at most 400 days later."),
]


class Schedules(Lists, Shows, Versions):
    """Who is on call when."""

    permission_classes = (Configures,)
    serializer_class = ScheduleSerializer
    references: ClassVar[list[str]] = ["slug"]
    search_fields: ClassVar[list[str]] = ["name", "slug"]

    def get_queryset(self) -> QuerySet[Schedule]:
        if self.action == "undelete":
            return queries.deleted()
        wants = self.action == "list" and self.request.query_params.get("deleted") == "true"
        return (queries.deleted() if wants else queries.schedules()).order_by("pk")

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
        about = {name: data[name] for name in ("slug", "name", "description", "time_zone", "team")}
        layers = [spec(layer) for layer in data["layers"]]
        wanted = terms(data, operations.Terms())
        return self.created(operations.create(**about, layers=layers, terms=wanted, actor=self.person))

    @extend_schema(request=ScheduleReplacement, responses=ScheduleSerializer)
    def update(self, request: Request, ref: str) -> Response:
        """Replace the rotations from `effective_at` on. The past stays as it was.

        409 where nobody would be on call in the next four weeks where somebody is, unless `accept_gaps` says that you know.
        """
        schedule = self.get_object()
        data = self.read(ScheduleReplacement)
        wanted = replacement(data, schedule)
        operations.save_seen(schedule, **wanted, accepts_gaps=data["accept_gaps"], actor=self.person)
        return self.answer(schedule)

    @extend_schema(request=ScheduleChange, responses=ScheduleSerializer)
    def partial_update(self, request: Request, ref: str) -> Response:
        """Change the name, the slug, the team or the description. Rotations are replaced as a whole, by PUT."""
        schedule = self.get_object()
        data = self.read(ScheduleChange)
        refuse_taken(data, Schedule.objects.exclude(pk=schedule.pk))
        if "team" in data:
            require(request.user, Verb.CONFIGURE, data["team"])
        operations.describe(schedule, actor=self.person, **data)
        return self.answer(schedule)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, ref: str) -> Response:
        """Let nobody be on call by it from now on; 409 while a policy asks it or a schedule stands behind it.

        What was stays. Its name and its slug stay its own, so that it can be restored.
        """
        operations.delete(self.get_object(), actor=self.person)
        return Response(status=204)

    @extend_schema(request=None, responses=ScheduleSerializer)
    @action(detail=True, methods=["post"], url_path="restore")
    def undelete(self, request: Request, ref: str) -> Response:
        """Restore a schedule that was deleted: the rotations that counted last count again from now on."""
        schedule = self.get_object()
        operations.undelete(schedule, actor=self.person)
        return Response(self.represent(queries.get(schedule.slug)))

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
            data = self.read(OverrideInput)
            data["layer"] = _layer(schedule, data.get("layer"))
            row = operations.add_override(schedule, **data, actor=self.person)
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
        operations.cancel_override(row, actor=self.person)
        return Response(status=204)


def _layer(schedule: Schedule, ref: str | None) -> Layer | None:
    """The rotation that an override names, by its id or its name; 400 where there is none."""
    if ref is None:
        return None
    for layer in queries.layers_in_force(schedule, at=timezone.now()):
        if ref in {str(layer.lineage), layer.name}:
            return layer
    raise ValidationError({"layer": [f"This schedule has no rotation {ref!r} now."]})
