"""What those outside a room must hear, and by when, in the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action

from core.api.fields import Id, Seconds, Time
from core.api.permissions import Reads, Responds
from core.api.views import Lists, Shows, ViewSet
from incidents.lifecycle import queries as lifecycle
from incidents.owed import operations, queries
from incidents.owed.models import OwedRule, OwedWord

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request
    from rest_framework.response import Response

INCIDENT = OpenApiParameter(
    "incident", str, OpenApiParameter.PATH, description="The incident's number: INC-12 or 12."
)


class OwedWordOut(serializers.ModelSerializer[OwedWord]):
    """A word that somebody outside must have by a time, counted from `since`, and what became of it."""

    id = Id()
    title = serializers.CharField(source="get_kind_display", read_only=True)
    since = Time(read_only=True)
    due_at = Time(read_only=True)
    is_late = serializers.BooleanField(read_only=True)
    ended_at = Time(read_only=True, allow_null=True)
    ended_by = serializers.CharField(source="ended_by_id", read_only=True, allow_null=True)

    class Meta:
        model = OwedWord
        fields: ClassVar[list[str]] = [
            "id", "kind", "title", "since", "due_at", "state", "is_late", "why", "ended_at", "ended_by",
        ]  # fmt: skip
        read_only_fields = fields


class OwedWhyIn(serializers.Serializer[dict[str, Any]]):
    why = serializers.CharField(max_length=500)


@extend_schema_view(list=extend_schema(parameters=[INCIDENT]), retrieve=extend_schema(parameters=[INCIDENT]))
class OwedWords(Lists, Shows, ViewSet):
    """What those outside a room must hear: done by telling them, or ended by a reason; not by the incident being over."""

    permission_classes = (Responds,)
    serializer_class = OwedWordOut
    filterset_fields: ClassVar[dict[str, list[str]]] = {"state": ["exact"], "kind": ["exact"]}
    ordering = "due_at"
    ordering_fields: ClassVar[list[str]] = ["due_at", "id"]

    def get_queryset(self) -> QuerySet[OwedWord]:
        """Give those of the incident that the path names, if this person may see it."""
        if getattr(self, "swagger_fake_view", False):
            return OwedWord.objects.order_by("due_at", "pk")
        return queries.of(self.person, lifecycle.get(self.person, self.kwargs["incident"]))

    @extend_schema(parameters=[INCIDENT], request=OwedWhyIn, responses=OwedWordOut)
    @action(detail=True, methods=["post"], url_path="not-needed")
    def not_needed(self, request: Request, incident: str, ref: str) -> Response:
        """Say why it is not needed."""
        return self.answer(operations.need_not(self.get_object(), **self.read(OwedWhyIn), actor=self.person))

    @extend_schema(parameters=[INCIDENT], request=OwedWhyIn, responses=OwedWordOut)
    @action(detail=True, methods=["post"])
    def needed(self, request: Request, incident: str, ref: str) -> Response:
        """Say why it is needed after all."""
        return self.answer(operations.need(self.get_object(), **self.read(OwedWhyIn), actor=self.person))


class OwedRuleOut(serializers.ModelSerializer[OwedRule]):
    """Within how long, at a level of this `rank`; reminded `soon_seconds` before and `again_seconds` after, null: not."""

    id = Id()
    within_seconds = Seconds(read_only=True)
    for_list = serializers.CharField(source="for_list.slug", default=None, allow_null=True, read_only=True)

    class Meta:
        model = OwedRule
        fields: ClassVar[list[str]] = [
            "id", "kind", "rank", "within_seconds", "soon_seconds", "again_seconds", "for_list", "is_active",
        ]  # fmt: skip
        read_only_fields = fields


class OwedRules(Lists, Shows, ViewSet):
    """Within how long those outside a room must have heard of it. Admins change it in the admin."""

    permission_classes = (Reads,)
    serializer_class = OwedRuleOut
    ordering = "kind"
    ordering_fields: ClassVar[list[str]] = ["kind", "rank", "id"]

    def get_queryset(self) -> QuerySet[OwedRule]:
        """Give all of them."""
        return queries.configured()
