"""Tasks of an incident and the configured checklists, in the API."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action

from core.accounts import queries as people
from core.api.fields import Id, SlugOrId, Time
from core.api.permissions import Responds
from core.api.views import Lists, Shows, ViewSet
from incidents.lifecycle import queries as lifecycle
from incidents.tasks import operations, queries
from incidents.tasks.models import Checklist, ChecklistStep, State, Task
from incidents.tasks.rules import Fact

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request
    from rest_framework.response import Response

    from incidents.lifecycle.models import Incident

INCIDENT = OpenApiParameter(
    "incident", str, OpenApiParameter.PATH, description="The incident's number: INC-12 or 12."
)
LONG = 20_000


class IncidentTaskOut(serializers.ModelSerializer[Task]):
    """One thing to do in an incident. `list` is the checklist it came with, empty where somebody asked for it."""

    id = Id()
    list = serializers.CharField(source="list_name", read_only=True)
    assignee = serializers.CharField(source="assignee_id", allow_null=True, read_only=True)
    due_at = Time(allow_null=True, read_only=True)
    state = serializers.ChoiceField(choices=State.choices, read_only=True)
    ended_at = Time(allow_null=True, read_only=True)
    ended_by = serializers.CharField(source="ended_by_id", allow_null=True, read_only=True)
    created_by = serializers.CharField(source="created_by_id", allow_null=True, read_only=True)
    created_at = Time(read_only=True)
    url = serializers.SerializerMethodField()

    class Meta:
        model = Task
        fields = (
            "id",
            "title",
            "hint",
            "list",
            "assignee",
            "due_at",
            "state",
            "result",
            "ended_at",
            "ended_by",
            "created_by",
            "created_at",
            "version",
            "url",
        )
        read_only_fields = fields

    def get_url(self, task: Task) -> str:
        """Give the task's page."""
        return settings.BASE_URL + reverse("incidents:task", args=[task.incident.number, task.pk])


class IncidentTaskIn(serializers.Serializer[dict[str, Any]]):
    """A title is enough."""

    title = serializers.CharField(max_length=200)
    hint = serializers.CharField(required=False, allow_blank=True, max_length=LONG)
    assignee = SlugOrId(lambda _: people.people(), slug=None, required=False, allow_null=True)
    due_at = Time(required=False, allow_null=True)


class IncidentTaskChange(IncidentTaskIn):
    """What is not named stays."""

    title = serializers.CharField(max_length=200, required=False)


class DoneIn(serializers.Serializer[dict[str, Any]]):
    """What came of it."""

    result = serializers.CharField(required=False, allow_blank=True, max_length=LONG)


class DropIn(serializers.Serializer[dict[str, Any]]):
    """Why it is not needed any more."""

    why = serializers.CharField(max_length=2000)


@extend_schema_view(list=extend_schema(parameters=[INCIDENT]), retrieve=extend_schema(parameters=[INCIDENT]))
class Tasks(Lists, Shows, ViewSet):
    """What people are asked to do in an incident, and the steps of its checklists."""

    permission_classes = (Responds,)
    serializer_class = IncidentTaskOut
    filterset_fields = {"state": ["exact"], "assignee": ["exact"]}
    ordering = "position"
    ordering_fields = ("position", "created_at", "id")

    def get_queryset(self) -> QuerySet[Task]:
        """Give the tasks of the incident that the path names, if this person may see it."""
        if getattr(self, "swagger_fake_view", False):
            return Task.objects.order_by("position", "pk")
        return queries.of(self.person, self._incident())

    def _incident(self) -> Incident:
        return lifecycle.get(self.person, self.kwargs["incident"])

    @extend_schema(parameters=[INCIDENT], request=IncidentTaskIn, responses={201: IncidentTaskOut})
    def create(self, request: Request, incident: str) -> Response:
        """Ask for something; whoever has it is told."""
        return self.created(operations.add(self._incident(), **self.read(IncidentTaskIn), actor=self.person))

    @extend_schema(parameters=[INCIDENT], request=IncidentTaskChange, responses=IncidentTaskOut)
    def partial_update(self, request: Request, incident: str, ref: str) -> Response:
        """Write it anew, or give it to somebody else."""
        task = self.get_object()
        given = {"assignee": task.assignee, "due_at": task.due_at, **self.read(IncidentTaskChange)}
        return self.answer(operations.change(task, **given, actor=self.person))

    @extend_schema(parameters=[INCIDENT], request=DoneIn, responses=IncidentTaskOut)
    @action(detail=True, methods=["post"])
    def done(self, request: Request, incident: str, ref: str) -> Response:
        """Say that it is done, and what came of it."""
        return self.answer(operations.finish(self.get_object(), **self.read(DoneIn), actor=self.person))

    @extend_schema(parameters=[INCIDENT], request=DropIn, responses=IncidentTaskOut)
    @action(detail=True, methods=["post"])
    def drop(self, request: Request, incident: str, ref: str) -> Response:
        """Say that it is not needed any more."""
        return self.answer(operations.drop(self.get_object(), **self.read(DropIn), actor=self.person))

    @extend_schema(parameters=[INCIDENT], request=None, responses=IncidentTaskOut)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, incident: str, ref: str) -> Response:
        """Open it again."""
        return self.answer(operations.reopen(self.get_object(), actor=self.person))


class StepOut(serializers.ModelSerializer[ChecklistStep]):
    """One line; `done_when` names the fact by which it is done without a press, empty where somebody ticks it."""

    done_when = serializers.ChoiceField(choices=["", *Fact], read_only=True)

    class Meta:
        model = ChecklistStep
        fields = ("title", "hint", "done_when")
        read_only_fields = fields


class ChecklistOut(serializers.ModelSerializer[Checklist]):
    """What comes up in a room by itself; without severities at every level."""

    id = Id()
    severities = serializers.SerializerMethodField()
    steps = StepOut(many=True, read_only=True)

    class Meta:
        model = Checklist
        fields = ("id", "name", "occasion", "severities", "steps")
        read_only_fields = fields

    def get_severities(self, checklist: Checklist) -> list[str]:
        """Give the slugs of the levels at which it comes up."""
        return [severity.slug for severity in checklist.severities.all()]


class AttachIn(serializers.Serializer[dict[str, Any]]):
    """The incident into whose room it is put."""

    incident = serializers.CharField(max_length=20, help_text="INC-12 or 12")


class Checklists(Lists, Shows, ViewSet):
    """The configured checklists. Admins change them in the admin."""

    permission_classes = (Responds,)
    serializer_class = ChecklistOut
    ordering = "position"
    ordering_fields = ("position", "name", "id")

    def get_queryset(self) -> QuerySet[Checklist]:
        """Give all that are in use."""
        return queries.checklists(self.person)

    @extend_schema(request=AttachIn, responses=ChecklistOut)
    @action(detail=True, methods=["post"])
    def attach(self, request: Request, ref: str) -> Response:
        """Put it into the room of an incident; what is there already stays as it is."""
        incident = lifecycle.get(self.person, self.read(AttachIn)["incident"])
        operations.attach(incident, checklist=self.get_object(), actor=self.person)
        return self.answer(self.get_object(), status=HTTPStatus.OK)
