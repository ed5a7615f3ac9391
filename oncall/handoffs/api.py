"""Hand-offs of schedules and the tasks that are handed on, in the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from core.api.fields import Id, SlugOrId, Time
from core.api.permissions import Configures, Responds
from core.api.schema import takes
from core.api.views import Lists, Shows, ViewSet
from oncall.handoffs import operations, queries
from oncall.handoffs.forms import MOST
from oncall.handoffs.models import MOST_MINUTES, Handoff, HandoffTask, TaskKind
from oncall.schedules import queries as schedules

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request

    from oncall.schedules.models import Schedule


class HandoffOut(serializers.ModelSerializer[Handoff]):
    """Others took over at a moment; null is the hand-off that is to come."""

    id = Id()
    schedule = serializers.CharField(source="schedule.slug")
    at = Time(allow_null=True)
    outgoing = serializers.SerializerMethodField()
    incoming = serializers.SerializerMethodField()
    written_by = serializers.CharField(source="written_by_id", allow_null=True)
    written_at = Time(allow_null=True)
    acknowledged_by = serializers.CharField(source="acknowledged_by_id", allow_null=True)
    acknowledged_at = Time(allow_null=True)
    url = serializers.SerializerMethodField()

    class Meta:
        model = Handoff
        fields: tuple[str, ...] = (
            "id",
            "schedule",
            "at",
            "outgoing",
            "incoming",
            "text",
            "written_by",
            "written_at",
            "acknowledged_by",
            "acknowledged_at",
            "url",
        )
        read_only_fields: tuple[str, ...] = fields

    def get_outgoing(self, found: Handoff) -> list[str]:
        return [str(pk) for pk in found.outgoing]

    def get_incoming(self, found: Handoff) -> list[str]:
        return [str(pk) for pk in found.incoming]

    def get_url(self, found: Handoff) -> str:
        return queries.address(found)


class HandoffStateOut(HandoffOut):
    """The same with what was open then, as far as you may know of it."""

    alerts = serializers.SerializerMethodField()
    incidents = serializers.SerializerMethodField()

    class Meta(HandoffOut.Meta):
        fields = (*HandoffOut.Meta.fields, "alerts", "incidents")
        read_only_fields = fields

    def get_alerts(self, found: Handoff) -> list[str]:
        state = queries.state_of(self.context["request"].user, found)
        return [str(alert.pk) for alert in state.alerts]

    def get_incidents(self, found: Handoff) -> list[str]:
        state = queries.state_of(self.context["request"].user, found)
        return [f"INC-{incident.number}" for incident in state.incidents]


class NoteIn(serializers.Serializer[dict[str, Any]]):
    """A note for whoever follows; `written_at` is what you have read, so that nobody's words are lost."""

    schedule = SlugOrId(lambda _: schedules.schedules())
    text = serializers.CharField(max_length=MOST, allow_blank=True)
    written_at = Time(allow_null=True, default=None)


class Handoffs(Lists, Shows, ViewSet):
    """When others took over a schedule, what they were told, and whether they have read it."""

    permission_classes = (Responds,)
    serializer_class = HandoffOut
    filterset_fields = {"schedule__slug": ["exact"]}
    ordering = "-at"
    ordering_fields = ("at", "id")

    def get_queryset(self) -> QuerySet[Handoff]:
        return queries.handoffs()

    @takes(gives=HandoffStateOut)
    def retrieve(self, request: Request, ref: str) -> Response:
        """Give one with the alerts and incidents that were open then."""
        return self._whole(self.get_object())

    @takes(NoteIn, HandoffOut)
    def create(self, request: Request) -> Response:
        """Write the note for whoever takes over next; 409 where somebody wrote since `written_at`."""
        given = self.read(NoteIn)
        found = operations.write(
            given["schedule"], text=given["text"], seen=given["written_at"], actor=self.person
        )
        return Response(self.represent(found))

    @takes(gives=HandoffStateOut)
    @action(detail=True, methods=["post"])
    def acknowledge(self, request: Request, ref: str) -> Response:
        """Say that you have read it; only who took over can."""
        found = self.get_object()
        operations.acknowledge(found, actor=self.person)
        return self._whole(self.get_queryset().get(pk=found.pk))

    def _whole(self, found: Handoff) -> Response:
        return Response(HandoffStateOut(found, context=self.get_serializer_context()).data)


class TaskOut(serializers.ModelSerializer[HandoffTask]):
    """What a shift found that should be better: handed on until it is done."""

    id = Id()
    schedule = serializers.CharField(source="schedule.slug")
    created_by = serializers.CharField(source="created_by_id", allow_null=True)
    created_at = Time()
    done_by = serializers.CharField(source="done_by_id", allow_null=True)
    done_at = Time(allow_null=True)

    class Meta:
        model = HandoffTask
        fields = ("id", "schedule", "kind", "text", "created_by", "created_at", "done_by", "done_at")
        read_only_fields = fields


class TaskIn(serializers.Serializer[dict[str, Any]]):
    schedule = SlugOrId(lambda _: schedules.schedules())
    kind = serializers.ChoiceField(choices=TaskKind.choices)
    text = serializers.CharField(max_length=200)


class HandoffTasks(Lists, Shows, ViewSet):
    """What is handed on from shift to shift."""

    permission_classes = (Responds,)
    serializer_class = TaskOut
    filterset_fields = {"schedule__slug": ["exact"], "done_at": ["isnull"]}
    ordering = "created_at"
    ordering_fields = ("created_at", "id")

    def get_queryset(self) -> QuerySet[HandoffTask]:
        return queries.tasks()

    @takes(TaskIn, TaskOut, status=201)
    def create(self, request: Request) -> Response:
        """Hand a task on."""
        given = self.read(TaskIn)
        task = operations.add_task(
            given["schedule"], kind=given["kind"], text=given["text"], actor=self.person
        )
        return self.created(task)

    @takes(gives=TaskOut)
    @action(detail=True, methods=["post"])
    def done(self, request: Request, ref: str) -> Response:
        """Take a task off the list."""
        task = self.get_object()
        operations.finish_task(task, actor=self.person)
        return self.answer(task)


class TalkInOut(serializers.Serializer[Any]):
    """How long those who hand a schedule over talk from the hand-off on; 0: they do not."""

    minutes = serializers.IntegerField(min_value=0, max_value=MOST_MINUTES)


class HandoffTalks(ViewSet):
    """How long people talk at the hand-offs of a schedule."""

    permission_classes = (Configures,)
    serializer_class = TalkInOut
    references: ClassVar[list[str]] = ["slug"]

    def get_queryset(self) -> QuerySet[Schedule]:
        return schedules.schedules()

    def represent(self, thing: Schedule) -> Any:
        return dict(TalkInOut({"minutes": queries.talk_minutes(thing)}).data)

    @takes(gives=TalkInOut)
    def retrieve(self, request: Request, ref: str) -> Response:
        """Give how long they talk."""
        return self.answer(self.get_object())

    @takes(TalkInOut, TalkInOut)
    def update(self, request: Request, ref: str) -> Response:
        """Say how long they talk; the managers of the schedule alone."""
        schedule = self.get_object()
        operations.set_talk(schedule, **self.read(TalkInOut), actor=self.person)
        return self.answer(schedule)
