from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from core.accounts import queries as people
from core.api.fields import Id, SlugOrId, Time
from core.api.permissions import Responds
from core.api.views import Lists, Shows, ViewSet
from postmortems.action_items import operations, queries
from postmortems.action_items.models import ActionItem, ActionStatus

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request
    from rest_framework.response import Response


class ActionItemSerializer(serializers.ModelSerializer[ActionItem]):
    id = Id()
    owner = SlugOrId(lambda _: people.people(), slug=None, allow_null=True, read_only=False)
    postmortem = serializers.SerializerMethodField(help_text="The incident of its postmortem, as INC-12.")
    url = serializers.SerializerMethodField()
    created_at = Time(read_only=True)
    done_at = Time(read_only=True)

    class Meta:
        model = ActionItem
        fields: ClassVar[list[str]] = [
            "id",
            "title",
            "kind",
            "owner",
            "due_on",
            "priority",
            "status",
            "dropped_reason",
            "postmortem",
            "about",
            "created_at",
            "done_at",
            "url",
        ]
        read_only_fields: ClassVar[list[str]] = ["status", "dropped_reason", "about"]

    def get_postmortem(self, item: ActionItem) -> str | None:
        return str(item.postmortem.incident) if item.postmortem else None

    def get_url(self, item: ActionItem) -> str:
        return queries.address(item)


class ActionItemChange(serializers.ModelSerializer[ActionItem]):
    owner = SlugOrId(lambda _: people.people(), slug=None, allow_null=True, required=False)
    due_on = serializers.DateField(required=False, allow_null=True)
    status = serializers.ChoiceField(choices=ActionStatus.choices, required=False)
    reason = serializers.CharField(required=False, max_length=300, help_text="Why it is dropped.")

    class Meta:
        model = ActionItem
        fields: ClassVar[list[str]] = ["title", "kind", "owner", "due_on", "priority", "status", "reason"]


class NewActionItem(ActionItemChange):
    class Meta(ActionItemChange.Meta):
        fields: ClassVar[list[str]] = ["title", "kind", "owner", "due_on", "priority"]


class ActionItems(Lists, Shows, ViewSet):
    """What postmortems promised."""

    permission_classes = (Responds,)
    serializer_class = ActionItemSerializer
    filterset_fields: ClassVar[list[str]] = ["status", "kind", "owner", "priority"]
    search_fields: ClassVar[list[str]] = ["title"]
    ordering_fields: ClassVar[list[str]] = ["due_on", "created_at", "priority"]

    def get_queryset(self) -> QuerySet[ActionItem]:
        return queries.visible(self.request.user).order_by("-created_at")  # type: ignore[arg-type]

    @extend_schema(request=NewActionItem, responses={201: ActionItemSerializer})
    def create(self, request: Request) -> Response:
        """Add an action item that belongs to no postmortem."""
        return self.created(operations.create(actor=request.user, **self.read(NewActionItem)))  # type: ignore[arg-type]

    @extend_schema(request=ActionItemChange, responses=ActionItemSerializer)
    def partial_update(self, request: Request, ref: str) -> Response:
        """Change its text, owner or date, or take it to another state (`dropped` needs a `reason`)."""
        item = self.get_object()
        changes: dict[str, Any] = self.read(ActionItemChange, partial=True)
        status, reason = changes.pop("status", None), changes.pop("reason", "")
        operations.change(item, changes=changes, to=status, reason=reason, actor=request.user)  # type: ignore[arg-type]
        return self.answer(item)
