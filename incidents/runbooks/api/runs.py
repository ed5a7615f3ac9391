"""Runbooks as they are used in incidents, in the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import Http404
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from core.api.fields import Id, SlugOrId, Time
from core.api.permissions import Pages, Responds
from core.api.views import Lists, Shows, ViewSet
from incidents.lifecycle import queries as lifecycle
from incidents.mitigations.models import Result
from incidents.runbooks import operations, queries
from incidents.runbooks.models import Report, Run, RunStep, StepState

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request

    from incidents.lifecycle.models import Incident
    from incidents.runbooks.models import Runbook

INCIDENT = OpenApiParameter(
    "incident", str, OpenApiParameter.PATH, description="The incident's number: INC-12 or 12."
)


class RunbookRunStepOut(serializers.ModelSerializer[RunStep]):
    """A step, and what became of it: by whom, when, and in which words. People are named by id."""

    id = Id()
    state = serializers.ChoiceField(choices=StepState.choices, read_only=True)
    by = serializers.CharField(source="by_id", allow_null=True, read_only=True)
    at = Time(read_only=True, allow_null=True)
    commands = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = RunStep
        fields = (
            *("id", "position", "section", "option", "text", "commands", "expect", "automated"),
            *("state", "note", "by", "at"),
        )
        read_only_fields = fields


class RunbookRunOut(serializers.ModelSerializer[Run]):
    """A runbook in use, at the version that it had when it was begun."""

    id = Id()
    runbook = serializers.CharField(source="runbook.slug", read_only=True)
    started_at = Time(read_only=True)
    started_by = serializers.CharField(source="started_by_id", read_only=True)
    ended_at = Time(read_only=True, allow_null=True)
    ended_by = serializers.CharField(source="ended_by_id", allow_null=True, read_only=True)
    result = serializers.ChoiceField(choices=["", *Result.values], read_only=True)
    escalates_at = Time(read_only=True, allow_null=True)
    escalated_at = Time(read_only=True, allow_null=True)
    steps = RunbookRunStepOut(many=True, read_only=True)
    url = serializers.SerializerMethodField()

    class Meta:
        model = Run
        fields = (
            *(
                "id",
                "runbook",
                "version",
                "started_at",
                "started_by",
                "ended_at",
                "ended_by",
                "result",
                "note",
            ),
            *("tested", "escalates_at", "escalated_at", "steps", "url"),
        )
        read_only_fields = fields

    def get_url(self, run: Run) -> str:
        """Give its page in the room."""
        return settings.BASE_URL + reverse("incidents:runbook-run", args=[run.incident.number, run.pk])


class RunbookStartIn(serializers.Serializer[dict[str, Any]]):
    """Which runbook, by slug or id."""

    runbook = SlugOrId(queries.chosen)


class RunbookMarkIn(serializers.Serializer[dict[str, Any]]):
    """A step by its id, and what became of it; `skipped` and `deviated` want a note."""

    step = serializers.CharField(max_length=20)
    state = serializers.ChoiceField(choices=StepState.choices)
    note = serializers.CharField(required=False, allow_blank=True, max_length=5000)


class RunbookFinishIn(serializers.Serializer[dict[str, Any]]):
    """What came of it; in a drill `tested` says that the runbook is tested by it."""

    result = serializers.ChoiceField(choices=Result.choices)
    note = serializers.CharField(required=False, allow_blank=True, max_length=5000)
    tested = serializers.BooleanField(required=False)


class RunbookOfferOut(serializers.Serializer[Any]):
    """A runbook that the room offers, and why."""

    runbook = serializers.CharField(source="runbook.slug")
    name = serializers.CharField(source="runbook.name")
    why = serializers.CharField()
    is_stale = serializers.BooleanField()


@extend_schema_view(list=extend_schema(parameters=[INCIDENT]), retrieve=extend_schema(parameters=[INCIDENT]))
class Runs(Lists, Shows, ViewSet):
    """Runbooks used in an incident."""

    permission_classes = (Responds,)
    serializer_class = RunbookRunOut
    filterset_fields = {"result": ["exact"], "runbook__slug": ["exact"]}
    ordering = "started_at"
    ordering_fields = ("started_at", "id")

    def get_queryset(self) -> QuerySet[Run]:
        """Give those of the incident that the path names, if this person may see it."""
        if getattr(self, "swagger_fake_view", False):
            return Run.objects.order_by("started_at", "pk")
        found = queries.runs(self.person, lifecycle.get(self.person, self.kwargs["incident"]))
        return found.select_related("incident", "runbook")

    def _incident(self) -> Incident:
        return lifecycle.get(self.person, self.kwargs["incident"])

    @extend_schema(parameters=[INCIDENT], responses=RunbookOfferOut(many=True), filters=False)
    @action(detail=False, methods=["get"], pagination_class=None)
    def offered(self, request: Request, incident: str) -> Response:
        """Give what is written for the incident's alerts and services."""
        return Response(RunbookOfferOut(queries.offered(self.person, self._incident()), many=True).data)

    @extend_schema(parameters=[INCIDENT], request=RunbookStartIn, responses={201: RunbookRunOut})
    def create(self, request: Request, incident: str) -> Response:
        """Begin to use one; what is in use already goes on."""
        found, runbook = self._incident(), self.read(RunbookStartIn)["runbook"]
        if runbook.structure.escalation.pages:
            Pages().has_permission(request, self)
        return self.created(operations.start(found, runbook=runbook, actor=self.person))

    @extend_schema(parameters=[INCIDENT], request=RunbookMarkIn, responses=RunbookRunOut)
    @action(detail=True, methods=["post"])
    def mark(self, request: Request, incident: str, ref: str) -> Response:
        """Say what became of a step."""
        run, data = self.get_object(), self.read(RunbookMarkIn)
        wanted = data.pop("step")
        step = next((row for row in run.steps.all() if str(row.pk) == wanted), None)
        if step is None:
            raise Http404
        step.run = run
        operations.mark(step, **data, actor=self.person)
        return self.answer(run)

    @extend_schema(parameters=[INCIDENT], request=RunbookFinishIn, responses=RunbookRunOut)
    @action(detail=True, methods=["post"])
    def finish(self, request: Request, incident: str, ref: str) -> Response:
        """Say that one is through with it, and what came of it."""
        return self.answer(
            operations.finish(self.get_object(), **self.read(RunbookFinishIn), actor=self.person)
        )


class RunbookWrongIn(serializers.Serializer[dict[str, Any]]):
    """What is wrong and what is right; `incident` where it was found in one."""

    wrong = serializers.CharField(max_length=5000)
    right = serializers.CharField(max_length=5000)
    step = serializers.CharField(max_length=200, required=False, allow_blank=True)
    incident = serializers.CharField(max_length=20, required=False, help_text="INC-12 or 12")


class RunbookReportOut(serializers.ModelSerializer[Report]):
    """What somebody found wrong; `task` is the address of the work that it opened. People are named by id."""

    id = Id()
    incident = serializers.CharField(allow_null=True, read_only=True)
    by = serializers.CharField(source="by_id", read_only=True)
    at = Time(read_only=True)
    settled_at = Time(read_only=True, allow_null=True)
    task = serializers.SerializerMethodField()

    class Meta:
        model = Report
        fields = ("id", "version", "incident", "step", "wrong", "right", "task", "by", "at", "settled_at")
        read_only_fields = fields

    def get_task(self, report: Report) -> str:
        """Give the address of the work."""
        return settings.BASE_URL + report.task if report.task else ""


RUNBOOK = OpenApiParameter("runbook", str, OpenApiParameter.PATH, description="The runbook's slug.")


@extend_schema_view(list=extend_schema(parameters=[RUNBOOK]), retrieve=extend_schema(parameters=[RUNBOOK]))
class RunsOfRunbook(Lists, Shows, ViewSet):
    """How a runbook was used, in the incidents that one may see."""

    permission_classes = (Responds,)
    serializer_class = RunbookRunOut
    ordering = "-started_at"
    ordering_fields = ("started_at", "id")

    def get_queryset(self) -> QuerySet[Run]:
        """Give those of the runbook that the path names."""
        if getattr(self, "swagger_fake_view", False):
            return Run.objects.order_by("-started_at", "-pk")
        return queries.used(self.person, queries.get(self.person, self.kwargs["runbook"]))


@extend_schema_view(list=extend_schema(parameters=[RUNBOOK]), retrieve=extend_schema(parameters=[RUNBOOK]))
class RunbookReports(Lists, Shows, ViewSet):
    """What people found wrong with a runbook, as far as one may know of the incident."""

    permission_classes = (Responds,)
    serializer_class = RunbookReportOut
    ordering = "-at"
    ordering_fields = ("at", "id")

    def get_queryset(self) -> QuerySet[Report]:
        """Give those of the runbook that the path names."""
        if getattr(self, "swagger_fake_view", False):
            return Report.objects.order_by("-at", "-pk")
        return queries.reports(self.person, self._runbook())

    def _runbook(self) -> Runbook:
        return queries.get(self.person, self.kwargs["runbook"])

    @extend_schema(parameters=[RUNBOOK], request=RunbookWrongIn, responses={201: RunbookReportOut})
    def create(self, request: Request, runbook: str) -> Response:
        """Say that it is wrong: whoever keeps it gets a task, the timeline and the postmortem have the words."""
        data = self.read(RunbookWrongIn)
        named = data.pop("incident", None)
        incident = lifecycle.get(self.person, named) if named else None
        return self.created(operations.report(self._runbook(), **data, incident=incident, actor=self.person))

    @extend_schema(parameters=[RUNBOOK], request=None, responses=RunbookReportOut)
    @action(detail=True, methods=["post"])
    def settle(self, request: Request, runbook: str, ref: str) -> Response:
        """Say that it is put right."""
        return self.answer(operations.settle(self.get_object(), actor=self.person))
