"""Emergency access to private incidents, who has read them, and what was redacted, in the API."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action

from core.api.fields import Id, Time
from core.api.permissions import Administers, Responds
from core.api.schema import takes
from core.api.views import Lists, Shows, ViewSet, need_proof
from incidents.lifecycle import queries as lifecycle
from incidents.lifecycle.models import EmergencyAccess
from incidents.privacy import operations, queries
from incidents.privacy.models import PrivateRead, Redaction

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request
    from rest_framework.response import Response

INCIDENT = OpenApiParameter(
    "incident", str, OpenApiParameter.PATH, description="The incident's number: INC-12 or 12."
)


class EmergencyAccessOut(serializers.ModelSerializer[EmergencyAccess]):
    """A look of an admin into a private incident; it ends at `ends_at` by itself."""

    id = Id()
    incident = serializers.CharField(read_only=True)
    user = serializers.CharField(source="user_id", read_only=True)
    opened_at = Time(read_only=True)
    ends_at = Time(read_only=True)
    ended_at = Time(read_only=True, allow_null=True)

    class Meta:
        model = EmergencyAccess
        fields = ("id", "incident", "user", "reason", "opened_at", "ends_at", "ended_at")
        read_only_fields = fields


class EmergencyAccessIn(serializers.Serializer[Any]):
    incident = serializers.CharField(max_length=20, help_text="INC-12 or 12.")
    reason = serializers.CharField(max_length=1000, help_text="Its members read it.")


class EmergencyAccesses(Lists, Shows, ViewSet):
    """Emergency access of admins to private incidents they take no part in: one's own, and to incidents one sees."""

    permission_classes = (Administers,)
    serializer_class = EmergencyAccessOut
    ordering = "-opened_at"
    ordering_fields = ("opened_at", "id")

    def get_queryset(self) -> QuerySet[EmergencyAccess, Any]:
        """Give those this admin may know of."""
        return queries.accesses(self.person)

    @takes(EmergencyAccessIn, EmergencyAccessOut, status=HTTPStatus.CREATED)
    def create(self, request: Request) -> Response:
        """Open a private incident for a limited time. Its members are told at once."""
        need_proof(request, "this opens what is private")
        said = self.read(EmergencyAccessIn)
        found = operations.open_up(ref=said["incident"], reason=said["reason"], actor=self.person)
        return self.created(found)

    @extend_schema(request=None, responses=EmergencyAccessOut)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, ref: str) -> Response:
        """End one's own look before its time is over."""
        own = queries.own_access(self.person, self.get_object().pk)
        return self.answer(operations.end(own, actor=self.person))


class PrivateReadOut(serializers.ModelSerializer[PrivateRead]):
    """That somebody looked at a private incident, once in 15 minutes at most."""

    id = Id()
    user = serializers.CharField(source="user_id", read_only=True)
    at = Time(read_only=True)

    class Meta:
        model = PrivateRead
        fields = ("id", "user", "way", "by_emergency", "at")
        read_only_fields = fields


class _OfIncident(Lists, Shows, ViewSet):
    permission_classes = (Responds,)
    ordering = "-at"
    ordering_fields = ("at", "id")


@extend_schema_view(list=extend_schema(parameters=[INCIDENT]), retrieve=extend_schema(parameters=[INCIDENT]))
class PrivateReads(_OfIncident):
    """Who has read a private incident."""

    serializer_class = PrivateReadOut

    def get_queryset(self) -> QuerySet[PrivateRead]:
        """Give those of the incident that the path names, if this person may see it."""
        if getattr(self, "swagger_fake_view", False):
            return PrivateRead.objects.order_by("-at")
        return queries.reads(self.person, lifecycle.get(self.person, self.kwargs["incident"]))


class RedactionOut(serializers.ModelSerializer[Redaction]):
    """The tombstone of a text: who took it out, when, why, and of how many rows of each kind."""

    id = Id()
    by = serializers.CharField(source="by_id", read_only=True)
    at = Time(read_only=True)
    places = serializers.DictField(child=serializers.IntegerField(), read_only=True)

    class Meta:
        model = Redaction
        fields = ("id", "by", "reason", "at", "places")
        read_only_fields = fields


class RedactionIn(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=10000, help_text="Exactly as it stands there.")
    reason = serializers.CharField(max_length=1000)


@extend_schema_view(list=extend_schema(parameters=[INCIDENT]), retrieve=extend_schema(parameters=[INCIDENT]))
class Redactions(_OfIncident):
    """Texts that were taken out of an incident for good."""

    serializer_class = RedactionOut

    def get_queryset(self) -> QuerySet[Redaction]:
        """Give those of the incident that the path names, if this person may see it."""
        if getattr(self, "swagger_fake_view", False):
            return Redaction.objects.order_by("-at")
        return queries.redactions(self.person, lifecycle.get(self.person, self.kwargs["incident"]))

    @extend_schema(parameters=[INCIDENT])
    @takes(RedactionIn, RedactionOut, status=HTTPStatus.CREATED)
    def create(self, request: Request, incident: str) -> Response:
        """Take a text out of everything that is kept of the incident. Nobody can bring it back."""
        found = lifecycle.get(self.person, incident)
        return self.created(operations.redact(found, **self.read(RedactionIn), actor=self.person))
