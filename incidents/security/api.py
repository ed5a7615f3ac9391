"""Matters of security, in the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from core.api.fields import Id, Time
from core.api.permissions import Pages, Reads, Responds
from core.api.views import Lists, Shows, ViewSet
from incidents.lifecycle import queries as lifecycle
from incidents.security import operations, queries
from incidents.security.models import SecurityCheck, SecurityItem, SecurityTrack

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request

    from incidents.lifecycle.models import Incident

INCIDENT = OpenApiParameter(
    "incident", str, OpenApiParameter.PATH, description="The incident's number: INC-12 or 12."
)


class SecurityCheckOut(serializers.ModelSerializer[SecurityCheck]):
    """What keeps matters of security open; at `from_rank` and worse, null: at every level."""

    id = Id()
    from_rank = serializers.IntegerField(allow_null=True, read_only=True)

    class Meta:
        model = SecurityCheck
        fields: ClassVar[list[str]] = ["id", "slug", "text", "hint", "from_rank", "position"]
        read_only_fields = fields


class SecurityChecks(Lists, Shows, ViewSet):
    """What is asked of matters of security. Admins change it in the admin."""

    permission_classes = (Reads,)
    serializer_class = SecurityCheckOut
    references: ClassVar[list[str]] = ["slug"]
    ordering = "position"
    ordering_fields: ClassVar[list[str]] = ["position", "id"]

    def get_queryset(self) -> QuerySet[SecurityCheck]:
        """Give all that are in use."""
        return queries.checks(self.person)


class SecurityItemOut(serializers.ModelSerializer[SecurityItem]):
    """What keeps an incident open until somebody says in `words` what was done, or why it is not needed."""

    id = Id()
    ended_at = Time(read_only=True, allow_null=True)
    ended_by = serializers.CharField(source="ended_by_id", read_only=True, allow_null=True)

    class Meta:
        model = SecurityItem
        fields: ClassVar[list[str]] = ["id", "slug", "text", "hint", "state", "words", "ended_at", "ended_by"]
        read_only_fields = fields


class SecurityTrackOut(serializers.ModelSerializer[SecurityTrack]):
    """That an incident is a matter of security; `ended_because` says why it is none after all."""

    begun_by = serializers.CharField(source="begun_by_id", read_only=True)
    begun_at = Time(read_only=True)
    lead = serializers.CharField(source="lead_id", read_only=True, allow_null=True)
    ended_at = Time(read_only=True, allow_null=True)

    class Meta:
        model = SecurityTrack
        fields: ClassVar[list[str]] = ["begun_by", "begun_at", "lead", "ended_at", "ended_because"]
        read_only_fields = fields


class SecurityWordsIn(serializers.Serializer[dict[str, Any]]):
    words = serializers.CharField(max_length=2000)


@extend_schema_view(list=extend_schema(parameters=[INCIDENT]), retrieve=extend_schema(parameters=[INCIDENT]))
class SecurityItems(Lists, Shows, ViewSet):
    """What a matter of security still needs before the incident is over."""

    permission_classes = (Responds,)
    serializer_class = SecurityItemOut
    filterset_fields: ClassVar[list[str]] = ["state"]
    ordering = "position"
    ordering_fields: ClassVar[list[str]] = ["position", "id"]

    def get_queryset(self) -> QuerySet[SecurityItem]:
        """Give those of the incident that the path names, if this person may see it."""
        if getattr(self, "swagger_fake_view", False):
            return SecurityItem.objects.order_by("position", "pk")
        return queries.items(self.person, self._incident())

    def _incident(self) -> Incident:
        return lifecycle.get(self.person, self.kwargs["incident"])

    def _track(self, incident: Incident) -> Response:
        found = queries.track(self.person, incident)
        if found is None:
            raise Http404("It is no matter of security.")
        return Response(SecurityTrackOut(found).data)

    @extend_schema(parameters=[INCIDENT], responses=SecurityTrackOut, filters=False)
    @action(detail=False, methods=["get"], pagination_class=None)
    def track(self, request: Request, incident: str) -> Response:
        """Give the track itself; 404 where it is no matter of security."""
        return self._track(self._incident())

    @extend_schema(parameters=[INCIDENT], request=None, responses=SecurityTrackOut)
    @action(detail=False, methods=["post"], permission_classes=[Pages])
    def begin(self, request: Request, incident: str) -> Response:
        """Say that it is a matter of security: who is on call for that is paged now."""
        found = self._incident()
        operations.begin(found, actor=self.person)
        return self._track(found)

    @extend_schema(parameters=[INCIDENT], request=SecurityWordsIn, responses=SecurityTrackOut)
    @action(detail=False, methods=["post"])
    def end(self, request: Request, incident: str) -> Response:
        """Say why it is no matter of security after all."""
        found = self._incident()
        operations.end(found, why=self.read(SecurityWordsIn)["words"], actor=self.person)
        return self._track(found)

    @extend_schema(parameters=[INCIDENT], request=None, responses=SecurityTrackOut)
    @action(detail=False, methods=["post"])
    def lead(self, request: Request, incident: str) -> Response:
        """Lead the security track; command stays where it is."""
        found = self._incident()
        operations.lead(found, actor=self.person)
        return self._track(found)

    @extend_schema(parameters=[INCIDENT], request=SecurityWordsIn, responses=SecurityItemOut)
    @action(detail=True, methods=["post"])
    def done(self, request: Request, incident: str, ref: str) -> Response:
        """Say what was done."""
        words = self.read(SecurityWordsIn)["words"]
        return self.answer(operations.answer(self.get_object(), words=words, actor=self.person))

    @extend_schema(parameters=[INCIDENT], request=SecurityWordsIn, responses=SecurityItemOut)
    @action(detail=True, methods=["post"], url_path="need-not")
    def need_not(self, request: Request, incident: str, ref: str) -> Response:
        """Say why it is not needed."""
        words = self.read(SecurityWordsIn)["words"]
        return self.answer(operations.answer(self.get_object(), words=words, actor=self.person, needed=False))

    @extend_schema(parameters=[INCIDENT], request=SecurityWordsIn, responses=SecurityItemOut)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, incident: str, ref: str) -> Response:
        """Say why it has to be done after all."""
        words = self.read(SecurityWordsIn)["words"]
        return self.answer(operations.reopen(self.get_object(), why=words, actor=self.person))
