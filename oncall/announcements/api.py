"""Where chats say who is on call, in the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from core.api.fields import Id, SlugOrId, Time
from core.api.permissions import Responds
from core.api.views import Lists, Shows, ViewSet
from oncall.announcements import operations, queries
from oncall.announcements.models import Announcement
from oncall.destinations import queries as destinations
from oncall.schedules import queries as schedules

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request


class AnnouncementOut(serializers.ModelSerializer[Announcement]):
    """A channel whose topic says who is on call, or a user group of Slack that holds them.

    `says` is our part of the topic as it was written last; `error` why it could not be written since.
    """

    id = Id()
    schedule = serializers.CharField(source="schedule.slug")
    channel = serializers.CharField(source="destination_id", allow_null=True)
    says = serializers.SerializerMethodField()
    written_at = Time(allow_null=True)
    created_by = serializers.CharField(source="created_by_id", allow_null=True)
    created_at = Time()

    class Meta:
        model = Announcement
        fields = (
            "id",
            "schedule",
            "channel",
            "group",
            "says",
            "written_at",
            "error",
            "created_by",
            "created_at",
        )
        read_only_fields = fields

    def get_says(self, found: Announcement) -> str:
        """Give our part of the topic; of a group nothing, whose members have their own names in Slack."""
        return "" if found.group else str(next(iter(found.said), ""))


class AnnouncementIn(serializers.Serializer[dict[str, Any]]):
    """A channel by its id or name, or a user group by its ID in Slack."""

    schedule = SlugOrId(lambda _: schedules.schedules())
    channel = SlugOrId(destinations.destinations, slug="name", required=False, allow_null=True)
    group = serializers.CharField(max_length=21, required=False, allow_blank=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse both, and neither."""
        if bool(attrs.get("channel")) == bool(attrs.get("group")):
            raise serializers.ValidationError("Give a channel or a group.")
        return attrs


class Announcements(Lists, Shows, ViewSet):
    """Where chats say who is on call."""

    permission_classes = (Responds,)
    serializer_class = AnnouncementOut
    filterset_fields = {"schedule__slug": ["exact"]}
    ordering = "created_at"
    ordering_fields = ("created_at", "id")

    def get_queryset(self) -> QuerySet[Announcement]:
        return queries.announcements()

    @extend_schema(request=AnnouncementIn, responses={201: AnnouncementOut})
    def create(self, request: Request) -> Response:
        """Let a topic say who is on call, for managers; or let a group hold them, for admins."""
        given = self.read(AnnouncementIn)
        if given.get("group"):
            return self.created(operations.add_group(given["schedule"], given["group"], actor=self.person))
        return self.created(operations.add_topic(given["schedule"], given["channel"], actor=self.person))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, ref: str) -> Response:
        """Say it there no longer; for managers."""
        operations.remove(self.get_object(), actor=self.person)
        return Response(status=204)

    @extend_schema(request=None, responses={202: AnnouncementOut})
    @action(detail=True, methods=["post"])
    def again(self, request: Request, ref: str) -> Response:
        """Write it now; for managers. `written_at` and `error` say what became of it."""
        found = self.get_object()
        operations.again(found, actor=self.person)
        return self.answer(found, status=202)
