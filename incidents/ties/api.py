"""How incidents hang together, in the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action

from core.api.fields import Id, SlugOrId, Time
from core.api.permissions import Responds
from core.api.views import Lists, Shows, ViewSet
from incidents.catalog.models import Service
from incidents.lifecycle import queries as lifecycle
from incidents.severities import queries as severities
from incidents.ties import operations, queries
from incidents.ties.models import Tie
from incidents.ties.rules import BY_HAND, REASON_LONGEST

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request
    from rest_framework.response import Response

    from incidents.lifecycle.models import Incident

INCIDENT = OpenApiParameter(
    "incident", str, OpenApiParameter.PATH, description="The incident's number: INC-12 or 12."
)


class OtherField(serializers.CharField):
    """Another incident by its number; absent and hidden are the same."""

    def to_internal_value(self, data: Any) -> Any:
        """Give the incident that is meant."""
        found = queries.find(self.context["request"].user, super().to_internal_value(data))
        if found is None:
            raise serializers.ValidationError("There is no such incident.")
        return found


class LevelField(serializers.CharField):
    """A severity by slug, label, name, alias or rank."""

    def to_internal_value(self, data: Any) -> Any:
        """Give the level that is meant."""
        word = super().to_internal_value(data)
        found = severities.find(word)
        if found is None:
            raise serializers.ValidationError(f"There is no severity “{word}”.")
        return found


class TieOut(serializers.ModelSerializer[Tie]):
    """`incident` is related to, a duplicate of, caused by, part of, merged into or split from the `other`."""

    id = Id()
    incident = serializers.CharField(read_only=True)
    other = serializers.CharField(read_only=True)
    made_by = serializers.CharField(source="made_by_id", allow_null=True, read_only=True)
    made_at = Time(read_only=True)
    ended_at = Time(read_only=True, allow_null=True)

    class Meta:
        model = Tie
        fields: ClassVar[list[str]] = [
            "id",
            "incident",
            "kind",
            "other",
            "reason",
            "made_by",
            "made_at",
            "ended_at",
        ]
        read_only_fields = fields


class TieIn(serializers.Serializer[dict[str, Any]]):
    """How the incident of the path hangs together with the `other`, and why."""

    other = OtherField()
    kind = serializers.ChoiceField(choices=[kind.value for kind in BY_HAND])
    reason = serializers.CharField(max_length=REASON_LONGEST)


@extend_schema_view(list=extend_schema(parameters=[INCIDENT]), retrieve=extend_schema(parameters=[INCIDENT]))
class Ties(Lists, Shows, ViewSet):
    """How an incident hangs together with those that the caller may know of."""

    permission_classes = (Responds,)
    serializer_class = TieOut
    filterset_fields: ClassVar[list[str]] = ["kind"]
    ordering = "made_at"
    ordering_fields: ClassVar[list[str]] = ["made_at", "id"]

    def get_queryset(self) -> QuerySet[Tie]:
        """Give those of the incident that the path names, if this person may see it."""
        if getattr(self, "swagger_fake_view", False):
            return Tie.objects.order_by("made_at", "pk")
        return queries.of(self.person, self._incident())

    def _incident(self) -> Incident:
        return lifecycle.get(self.person, self.kwargs["incident"])

    @extend_schema(parameters=[INCIDENT], request=TieIn, responses={201: TieOut})
    def create(self, request: Request, incident: str) -> Response:
        """Tie it to another; part of another it is of the last one named."""
        return self.created(operations.relate(self._incident(), **self.read(TieIn), actor=self.person))

    @extend_schema(parameters=[INCIDENT], request=None, responses=TieOut)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, incident: str, ref: str) -> Response:
        """Let the two hang together no more."""
        return self.answer(operations.untie(self.get_object(), actor=self.person))


class MergeIn(serializers.Serializer[dict[str, Any]]):
    """Into which incident, and why. `people` lets who takes part here take part there: by default if none is private."""

    into = OtherField()
    reason = serializers.CharField(max_length=REASON_LONGEST)
    people = serializers.BooleanField(required=False, allow_null=True, default=None)


class UnmergeIn(serializers.Serializer[dict[str, Any]]):
    """Why it was not the same after all."""

    reason = serializers.CharField(max_length=REASON_LONGEST)


class SplitIn(serializers.Serializer[dict[str, Any]]):
    """A new incident out of this one: its title, why, and by id which alerts and entries of the timeline it takes.

    `as_part` leaves it part of this one, under whoever commands all of it.
    """

    title = serializers.CharField(max_length=200)
    reason = serializers.CharField(max_length=REASON_LONGEST)
    alerts = serializers.ListField(
        child=serializers.IntegerField(min_value=1), required=False, max_length=500
    )
    entries = serializers.ListField(
        child=serializers.IntegerField(min_value=1), required=False, max_length=queries.MOST
    )
    severity = LevelField(required=False)
    services = serializers.ListField(
        child=SlugOrId(Service.objects.visible_to), required=False, max_length=100
    )
    as_part = serializers.BooleanField(required=False)


class PartOut(serializers.Serializer[Any]):
    """A part of an incident: its state, who commands it, when its next word is due, which roles nobody holds."""

    number = serializers.CharField(source="incident")
    title = serializers.CharField(source="incident.title")
    status = serializers.CharField(source="incident.status")
    severity = serializers.CharField(source="incident.severity.slug")
    commander = serializers.CharField(source="commander.pk", default=None, allow_null=True)
    commander_name = serializers.CharField(source="commander.name", default=None, allow_null=True)
    next_update_due_at = Time(source="incident.next_update_due_at", allow_null=True)
    is_overdue = serializers.BooleanField(source="overdue")
    missing_roles = serializers.SerializerMethodField()

    def get_missing_roles(self, part: Any) -> list[str]:
        """Give the slugs of the roles that are asked for and that nobody holds."""
        return [role.slug for role in part.missing]
