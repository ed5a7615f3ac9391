"""What rooms were told, and after how long they are, in the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action

from core.api.fields import Id, Time
from core.api.permissions import Reads, Responds
from core.api.views import Lists, Shows, ViewSet
from incidents.lifecycle import queries as lifecycle
from incidents.nudges import operations, queries
from incidents.nudges.models import Nudge, NudgeRule

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request
    from rest_framework.response import Response

INCIDENT = OpenApiParameter(
    "incident", str, OpenApiParameter.PATH, description="The incident's number: INC-12 or 12."
)


class NudgeOut(serializers.ModelSerializer[Nudge]):
    """Something a room was told: since when its reason had lasted, and what became of it."""

    id = Id()
    title = serializers.CharField(source="get_kind_display", read_only=True)
    since = Time(read_only=True)
    due_at = Time(read_only=True)
    about = serializers.SerializerMethodField()
    ended_at = Time(read_only=True, allow_null=True)
    ended_by = serializers.CharField(source="ended_by_id", read_only=True, allow_null=True)

    class Meta:
        model = Nudge
        fields = (
            "id",
            "kind",
            "title",
            "since",
            "due_at",
            "about",
            "state",
            "answer",
            "ended_at",
            "ended_by",
        )
        read_only_fields = fields

    def get_about(self, nudge: Nudge) -> list[str]:
        """Give the ids of the people it is about."""
        return [str(pk) for pk in nudge.about]


class AnswerIn(serializers.Serializer[dict[str, Any]]):
    text = serializers.CharField(max_length=500)


@extend_schema_view(list=extend_schema(parameters=[INCIDENT]), retrieve=extend_schema(parameters=[INCIDENT]))
class Nudges(Lists, Shows, ViewSet):
    """What the people of an incident were told because they were too busy to notice."""

    permission_classes = (Responds,)
    serializer_class = NudgeOut
    filterset_fields = {"state": ["exact"], "kind": ["exact"]}
    ordering = "-due_at"
    ordering_fields = ("due_at", "id")

    def get_queryset(self) -> QuerySet[Nudge]:
        """Give those of the incident that the path names, if this person may see it."""
        if getattr(self, "swagger_fake_view", False):
            return Nudge.objects.order_by("-due_at", "-pk")
        incident = lifecycle.get(self.person, self.kwargs["incident"])
        return queries.of(self.person, incident).select_related("incident")

    @extend_schema(parameters=[INCIDENT], request=AnswerIn, responses=NudgeOut)
    @action(detail=True, methods=["post"], url_path="answer", url_name="answer")
    def respond(self, request: Request, incident: str, ref: str) -> Response:
        """Say what is being done about it."""
        return self.answer(operations.answer(self.get_object(), **self.read(AnswerIn), actor=self.person))


class NudgeRuleOut(serializers.ModelSerializer[NudgeRule]):
    """After how long a room is told something; `rank` null: at every level without a rule of its own."""

    id = Id()

    class Meta:
        model = NudgeRule
        fields = ("id", "kind", "rank", "after_seconds", "every_seconds", "is_active")
        read_only_fields = fields


class NudgeRules(Lists, Shows, ViewSet):
    """After how long rooms are told something. Admins change it in the admin."""

    permission_classes = (Reads,)
    serializer_class = NudgeRuleOut
    ordering = "kind"
    ordering_fields = ("kind", "id")

    def get_queryset(self) -> QuerySet[NudgeRule]:
        """Give all of them."""
        return queries.configured()
