"""Updates that wait for somebody else's yes, in the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action

from core.api.fields import Id, Time
from core.api.permissions import Reads, Responds
from core.api.views import Lists, Shows, ViewSet
from incidents.approvals import operations, queries
from incidents.approvals.models import Approval, ApprovalRule
from incidents.lifecycle import queries as lifecycle
from incidents.updates.api import UpdateIn

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request
    from rest_framework.response import Response

INCIDENT = OpenApiParameter(
    "incident", str, OpenApiParameter.PATH, description="The incident's number: INC-12 or 12."
)


class ApprovalOut(serializers.ModelSerializer[Approval]):
    """An update that waits for a yes, or did: `update` is the one that was published by it."""

    id = Id()
    text = serializers.SerializerMethodField()
    asked_by = serializers.CharField(source="asked_by_id", read_only=True)
    asked_at = Time(read_only=True)
    lapses_at = Time(read_only=True)
    answered_by = serializers.CharField(source="answered_by_id", allow_null=True, read_only=True)
    ended_at = Time(read_only=True, allow_null=True)
    update = serializers.CharField(source="update_id", allow_null=True, read_only=True)  # type: ignore[assignment]

    class Meta:
        model = Approval
        fields: ClassVar[list[str]] = [
            "id",
            "audience",
            "by",
            "text",
            "state",
            "asked_by",
            "asked_at",
            "lapses_at",
            "answered_by",
            "ended_at",
            "why",
            "update",
        ]
        read_only_fields = fields

    def get_text(self, approval: Approval) -> str:
        """Give the words that would be published."""
        return queries.text(approval)


class ApprovalDeclineIn(serializers.Serializer[dict[str, Any]]):
    why = serializers.CharField(max_length=500)


@extend_schema_view(list=extend_schema(parameters=[INCIDENT]), retrieve=extend_schema(parameters=[INCIDENT]))
class Approvals(Lists, Shows, ViewSet):
    """Updates that somebody else looks at before they go out."""

    permission_classes = (Responds,)
    serializer_class = ApprovalOut
    filterset_fields: ClassVar[list[str]] = ["state", "audience"]
    ordering = "-asked_at"
    ordering_fields: ClassVar[list[str]] = ["asked_at", "id"]

    def get_queryset(self) -> QuerySet[Approval]:
        """Give those of the incident that the path names, if this person may see it."""
        if getattr(self, "swagger_fake_view", False):
            return Approval.objects.order_by("-asked_at", "-pk")
        return queries.of(self.person, lifecycle.get(self.person, self.kwargs["incident"]))

    @extend_schema(parameters=[INCIDENT], request=UpdateIn, responses={201: ApprovalOut})
    def create(self, request: Request, incident: str) -> Response:
        """Ask for approval of an update; the same words again are the same request."""
        found = lifecycle.get(self.person, incident)
        return self.created(operations.ask(found, content=self.read(UpdateIn), actor=self.person))

    @extend_schema(parameters=[INCIDENT], request=None, responses=ApprovalOut)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, incident: str, ref: str) -> Response:
        """Say yes: it goes out as it was written."""
        return self.answer(operations.approve(self.get_object(), actor=self.person))

    @extend_schema(parameters=[INCIDENT], request=ApprovalDeclineIn, responses=ApprovalOut)
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, incident: str, ref: str) -> Response:
        """Say no, and why."""
        row = operations.decline(self.get_object(), **self.read(ApprovalDeclineIn), actor=self.person)
        return self.answer(row)


class ApprovalRuleOut(serializers.ModelSerializer[ApprovalRule]):
    """Who looks at which updates first; `severity` null: at every level without a rule of its own."""

    id = Id()
    severity = serializers.CharField(source="severity.slug", default=None, allow_null=True, read_only=True)

    class Meta:
        model = ApprovalRule
        fields: ClassVar[list[str]] = [
            "id",
            "audience",
            "severity",
            "by",
            "remind_seconds",
            "lapse_seconds",
            "is_active",
        ]
        read_only_fields = fields


class ApprovalRules(Lists, Shows, ViewSet):
    """Which updates somebody else looks at before they go out. Admins change it in the admin."""

    permission_classes = (Reads,)
    serializer_class = ApprovalRuleOut
    ordering = "audience"
    ordering_fields: ClassVar[list[str]] = ["audience", "id"]

    def get_queryset(self) -> QuerySet[ApprovalRule]:
        """Give all of them."""
        return queries.rules()
