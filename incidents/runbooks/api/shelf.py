"""Runbooks, their versions and their documents, in the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_field,
    extend_schema_view,
)
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.response import Response

from core.accounts import queries as people
from core.accounts.models import Team
from core.api.fields import Id, SlugOrId, Time
from core.api.permissions import Responds
from core.api.views import Lists, Shows, ViewSet
from incidents.catalog.models import Service
from incidents.runbooks import operations, queries, rules
from incidents.runbooks.models import Runbook, RunbookVersion
from incidents.runbooks.operations.writing import LONGEST
from incidents.severities.models import Severity

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request


class RunbookStepOut(serializers.Serializer[Any]):
    """One thing to do, in its section and option."""

    section = serializers.ChoiceField(choices=[section.value for section in rules.Section])
    option = serializers.CharField()
    text = serializers.CharField()
    commands = serializers.ListField(child=serializers.CharField())
    expect = serializers.CharField()
    automated = serializers.CharField()


class RunbookOptionOut(serializers.Serializer[Any]):
    """A way to mitigate, and how one sees that it worked."""

    title = serializers.CharField()
    success = serializers.CharField()


class RunbookPageOut(serializers.Serializer[Any]):
    """Whom the way up pages."""

    type = serializers.CharField()
    ref = serializers.CharField()


class RunbookEscalationOut(serializers.Serializer[Any]):
    """What happens after the limit; null where there is none."""

    after_seconds = serializers.IntegerField(allow_null=True)
    severity = serializers.CharField()
    pages = RunbookPageOut(many=True)
    updates_status_page = serializers.BooleanField()


class RunbookOut(serializers.ModelSerializer[Runbook]):
    """A runbook: `text` is its Markdown, the rest of the structure is read from it. People are named by id."""

    id = Id()
    severity = serializers.CharField(source="severity.slug", default=None, allow_null=True, read_only=True)
    services = serializers.SerializerMethodField()
    alerts = serializers.ListField(child=serializers.DictField(child=serializers.CharField()), read_only=True)
    team = serializers.CharField(source="team.slug", read_only=True)
    owner = serializers.CharField(source="owner_id", allow_null=True, read_only=True)
    sections = serializers.SerializerMethodField()
    steps = RunbookStepOut(source="structure.steps", many=True, read_only=True)
    options = RunbookOptionOut(source="structure.options", many=True, read_only=True)
    escalation = serializers.SerializerMethodField()
    lacking = serializers.SerializerMethodField()
    is_stale = serializers.SerializerMethodField()
    updated_at = Time(read_only=True)
    updated_by = serializers.CharField(source="updated_by_id", allow_null=True, read_only=True)
    tested_at = Time(read_only=True, allow_null=True)
    checked_at = Time(read_only=True, allow_null=True)
    url = serializers.SerializerMethodField()

    class Meta:
        model = Runbook
        fields = (
            "id",
            "slug",
            "name",
            "severity",
            "services",
            "alerts",
            "team",
            "owner",
            "text",
            "sections",
            "steps",
            "options",
            "escalation",
            "lacking",
            "version",
            "is_active",
            "is_stale",
            "updated_at",
            "updated_by",
            "tested_at",
            "checked_at",
            "url",
        )
        read_only_fields = fields

    def get_services(self, runbook: Runbook) -> list[str]:
        """Give the slugs of the services."""
        return sorted(service.slug for service in runbook.services.all())

    def get_sections(self, runbook: Runbook) -> dict[str, str]:
        """Give the words of each section that are no steps."""
        return {part.section.value: part.text for part in runbook.structure.parts if part.text}

    @extend_schema_field(RunbookEscalationOut)
    def get_escalation(self, runbook: Runbook) -> dict[str, Any]:
        """Give the way up."""
        way = runbook.structure.escalation
        return {
            "after_seconds": int(way.limit.total_seconds()) if way.limit else None,
            "severity": way.severity,
            "pages": [{"type": kind, "ref": ref} for kind, ref in way.pages],
            "updates_status_page": way.tells_customers,
        }

    def get_lacking(self, runbook: Runbook) -> list[str]:
        """Give what a good runbook has and this one has not."""
        return rules.lacking(runbook.structure)

    def get_is_stale(self, runbook: Runbook) -> bool:
        """Say whether nobody tested or checked it for too long."""
        return queries.is_stale(runbook)

    def get_url(self, runbook: Runbook) -> str:
        """Give the runbook's page."""
        return settings.BASE_URL + reverse("incidents:runbook", args=[runbook.slug])


class MatcherField(serializers.DictField):
    """Labels and values that an alert has to have, all of them."""

    child = serializers.CharField(max_length=500)


class RunbookIn(serializers.Serializer[dict[str, Any]]):
    """A name, a team and a text; `alerts` are labels and values, `alertname` where there is no other label."""

    name = serializers.CharField(max_length=120)
    text = serializers.CharField(max_length=LONGEST, trim_whitespace=False)
    team = SlugOrId(Team.objects.visible_to)
    owner = SlugOrId(lambda _: people.people(), slug=None, required=False, allow_null=True)
    severity = SlugOrId(Severity.objects.visible_to, required=False, allow_null=True)
    services = serializers.ListField(
        child=SlugOrId(Service.objects.visible_to), required=False, max_length=100
    )
    alerts = serializers.ListField(child=MatcherField(allow_empty=False), required=False, max_length=50)
    note = serializers.CharField(max_length=200, required=False, allow_blank=True)


class RunbookChange(RunbookIn):
    """What is not named stays."""

    name = serializers.CharField(max_length=120, required=False)
    text = serializers.CharField(max_length=LONGEST, trim_whitespace=False, required=False)
    team = SlugOrId(Team.objects.visible_to, required=False)


class RunbookDocumentIn(serializers.Serializer[dict[str, Any]]):
    """A runbook as one Markdown document; `team` counts where the document names none."""

    document = serializers.CharField(max_length=LONGEST, trim_whitespace=False)
    team = SlugOrId(Team.objects.visible_to, required=False)


class RunbookConfirmIn(serializers.Serializer[dict[str, Any]]):
    """Whether it was `tested` in practice, or `checked`: read, and still right."""

    how = serializers.ChoiceField(choices=["tested", "checked"])


class RunbookRestoreIn(serializers.Serializer[dict[str, Any]]):
    """Which version it says again."""

    version = serializers.IntegerField(min_value=1, max_value=1_000_000)


class RunbookVersionOut(serializers.ModelSerializer[RunbookVersion]):
    """What a runbook said, as one document."""

    at = Time(read_only=True)
    by = serializers.CharField(source="by_id", allow_null=True, read_only=True)

    class Meta:
        model = RunbookVersion
        fields = ("number", "note", "by", "at", "document")
        read_only_fields = fields


class RecurringOut(serializers.Serializer[Any]):
    """A service with several incidents in the last 90 days and without a runbook."""

    service = serializers.CharField(source="service.slug")
    incidents = serializers.IntegerField()
    last_at = Time()


class Runbooks(Lists, Shows, ViewSet):
    """What to do when something breaks. Members of its team write it."""

    permission_classes = (Responds,)
    serializer_class = RunbookOut
    references = ["slug"]
    search_fields = ("name", "text")
    filterset_fields = {
        "services__slug": ["exact"],
        "team__slug": ["exact"],
        "owner": ["exact"],
        "is_active": ["exact"],
    }
    ordering = "name"
    ordering_fields = ("name", "updated_at", "tested_at", "id")

    def get_queryset(self) -> QuerySet[Runbook]:
        """Give the runbooks; with `stale=true` those that nobody tested or checked for too long."""
        found = queries.seen(self.person).prefetch_related("services")
        if not getattr(self, "swagger_fake_view", False) and self.request.query_params.get("stale") == "true":
            found = found.active().stale(queries.stale_after())
        return found

    def _own(self) -> Runbook:
        runbook: Runbook = self.get_object()
        if not queries.may_write(self.person, team=runbook.team, owner=runbook.owner):
            raise PermissionDenied(f"Members of {runbook.team} write its runbooks.")
        return runbook

    @extend_schema(request=RunbookIn, responses={201: RunbookOut})
    def create(self, request: Request) -> Response:
        """Write a new one."""
        data = self.read(RunbookIn)
        if not queries.may_write(self.person, team=data["team"]):
            raise PermissionDenied(f"Members of {data['team']} write its runbooks.")
        return self.created(operations.add(**data, actor=self.person))

    @extend_schema(request=RunbookChange, responses=RunbookOut)
    def partial_update(self, request: Request, ref: str) -> Response:
        """Write it anew."""
        runbook, data = self._own(), self.read(RunbookChange)
        note = data.pop("note", "")
        return self.answer(operations.change(runbook, changes=data, note=note, actor=self.person))

    @extend_schema(responses=RecurringOut(many=True), filters=False)
    @action(detail=False, methods=["get"], pagination_class=None)
    def missing(self, request: Request) -> Response:
        """Give the services that have incidents again and again without a runbook, the worst first, at most 100."""
        return Response(RecurringOut(queries.recurring(self.person), many=True).data)

    @extend_schema(request=RunbookDocumentIn, responses={201: RunbookOut})
    @action(detail=False, methods=["post"], url_path="import")
    def bring_in(self, request: Request) -> Response:
        """Take a document in: the runbook of that name says it from now on, or there is a new one."""
        return self.created(operations.bring_in(**self.read(RunbookDocumentIn), actor=self.person))

    @extend_schema(
        responses={(200, "text/markdown"): OpenApiResponse(OpenApiTypes.STR)}, parameters=[], request=None
    )
    @action(detail=True, methods=["get"])
    def export(self, request: Request, ref: str) -> HttpResponse:
        """Give it as one Markdown document."""
        text = queries.document(self.get_object())
        return HttpResponse(text, content_type="text/markdown; charset=utf-8")

    @extend_schema(request=RunbookRestoreIn, responses=RunbookOut)
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, ref: str) -> Response:
        """Let it say again what it said in a version, as a new one."""
        number = self.read(RunbookRestoreIn)["version"]
        return self.answer(operations.restore(self._own(), number=number, actor=self.person))

    @extend_schema(request=RunbookConfirmIn, responses=RunbookOut)
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, ref: str) -> Response:
        """Say that it was tested, or checked and is still right."""
        found = operations.confirm(self.get_object(), **self.read(RunbookConfirmIn), actor=self.person)
        return self.answer(found)

    @extend_schema(request=None, responses=RunbookOut)
    @action(detail=True, methods=["post"])
    def retire(self, request: Request, ref: str) -> Response:
        """Offer it no more."""
        return self.answer(operations.retire(self._own(), actor=self.person))

    @extend_schema(request=None, responses=RunbookOut)
    @action(detail=True, methods=["post"], url_path="return")
    def give_back(self, request: Request, ref: str) -> Response:
        """Offer it again."""
        return self.answer(operations.retire(self._own(), back=True, actor=self.person))


RUNBOOK = OpenApiParameter("runbook", str, OpenApiParameter.PATH, description="The runbook's slug.")


@extend_schema_view(list=extend_schema(parameters=[RUNBOOK]), retrieve=extend_schema(parameters=[RUNBOOK]))
class RunbookVersions(Lists, Shows, ViewSet):
    """What was saved of a runbook, the latest first; `ref` is its number."""

    permission_classes = (Responds,)
    serializer_class = RunbookVersionOut
    references = ["number"]
    ordering = "-number"
    ordering_fields = ("number", "id")

    def get_queryset(self) -> QuerySet[RunbookVersion]:
        """Give those of the runbook that the path names."""
        if getattr(self, "swagger_fake_view", False):
            return RunbookVersion.objects.order_by("-number")
        return queries.versions(self.person, queries.get(self.person, self.kwargs["runbook"]))
