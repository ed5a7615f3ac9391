"""Imports of other tools' schedules, in the API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action

from core.accounts.policy import Verb
from core.api.fields import Id, Time
from core.api.permissions import Configures
from core.api.views import Lists, Shows, ViewSet
from oncall.imports import operations, queries
from oncall.imports.models import ScheduleImport
from oncall.imports.queries import Action
from oncall.imports.rules.report import Grade

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request
    from rest_framework.response import Response


class LineOutput(serializers.Serializer[Any]):
    """One thing of the source and what becomes of it."""

    grade = serializers.ChoiceField(choices=[grade.value for grade in Grade])
    rule = serializers.CharField()
    sentence = serializers.CharField()
    minutes = serializers.IntegerField(allow_null=True)


class StretchOutput(serializers.Serializer[Any]):
    """Time in which other people are on call there than here."""

    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    there = serializers.ListField(child=serializers.CharField())
    here = serializers.ListField(child=serializers.CharField())


class ComparisonOutput(serializers.Serializer[Any]):
    """The next 90 days here beside what the other tool rendered."""

    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    minutes = serializers.IntegerField()
    different = serializers.IntegerField()
    stretches = StretchOutput(many=True)
    more = serializers.IntegerField(help_text="Stretches that are not listed.")


class MadeOutput(serializers.Serializer[Any]):
    name = serializers.CharField()
    slug = serializers.CharField()


class UnknownOutput(serializers.Serializer[Any]):
    key = serializers.CharField(help_text="The other tool's id, for `people`.")
    said = serializers.CharField()


class PlanOutput(serializers.Serializer[Any]):
    """One schedule of the file and what its import does, or did."""

    key = serializers.CharField()
    name = serializers.CharField()
    action = serializers.ChoiceField(choices=[action.value for action in Action])
    schedule = MadeOutput()
    lines = LineOutput(many=True)
    unknown = UnknownOutput(many=True)
    comparison = ComparisonOutput(allow_null=True)


class ImportOutput(serializers.ModelSerializer[ScheduleImport]):
    id = Id()
    created_at = Time()
    confirmed_at = Time(allow_null=True)
    schedules = PlanOutput(many=True, source="report")

    class Meta:
        model = ScheduleImport
        fields: ClassVar[list[str]] = ["id", "vendor", "created_at", "confirmed_at", "schedules"]
        read_only_fields = fields


@extend_schema_field({"oneOf": [{"type": "object"}, {"type": "array", "items": {"type": "object"}}]})
class Answers(serializers.JSONField):
    """What the other tool's API answered."""


class ImportInput(serializers.Serializer[dict[str, Any]]):
    export = Answers(
        help_text="One answer, a list of them, or an object that gives each by the address that was asked."
    )
    people = serializers.DictField(
        child=serializers.EmailField(), required=False, help_text="Who is who: their id there, e-mail here."
    )


class ConfiguresToRead(Configures):
    """Those who configure, for reading as well: an import names people of another tool."""

    read_verb = Verb.CONFIGURE


class ScheduleImports(Lists, Shows, ViewSet):
    """Schedules of PagerDuty, Opsgenie or Grafana OnCall: first a plan, then, confirmed, schedules."""

    permission_classes = (ConfiguresToRead,)
    serializer_class = ImportOutput

    def get_queryset(self) -> QuerySet[ScheduleImport]:
        return queries.imports()

    @extend_schema(request=ImportInput, responses={201: ImportOutput})
    def create(self, request: Request) -> Response:
        """Plan an import: what becomes what, and how the next 90 days differ. No schedule changes."""
        data = self.read(ImportInput)
        started = operations.plan(json.dumps(data["export"]), people=data.get("people"), actor=self.person)
        return self.created(started)

    @extend_schema(request=None, responses=ImportOutput)
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, ref: str) -> Response:
        """Import what was planned: all of its schedules or none."""
        started = self.get_object()
        operations.confirm(started, actor=self.person)
        return self.answer(started)
