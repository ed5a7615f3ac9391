"""Command in the API: who leads whom, hand-overs, and who is trained to command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from core.accounts import queries as people
from core.api.fields import Id, SlugOrId, Time
from core.api.permissions import Configures, Pages, Responds
from core.api.views import Lists, Shows, ViewSet
from incidents.command import operations, queries
from incidents.command.models import HandOver, TrainedCommander
from incidents.lifecycle import operations as lifecycle_operations
from incidents.lifecycle import queries as lifecycle

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request

    from incidents.lifecycle.models import Incident

INCIDENT = OpenApiParameter(
    "incident", str, OpenApiParameter.PATH, description="The incident's number: INC-12 or 12."
)


class HandOverOut(serializers.ModelSerializer[HandOver]):
    """Command that was offered. `holder` commanded then; null where nobody did. People are named by id.

    Where the severity asked by itself, nobody offered it: `asked_as` says as what this person was asked, `paged_at`
    when their page was sent.
    """

    id = Id()
    holder = serializers.CharField(source="holder_id", allow_null=True, read_only=True)
    offered_by = serializers.CharField(source="offered_by_id", allow_null=True, read_only=True)
    to = serializers.CharField(source="to_id", read_only=True)
    offered_at = Time(read_only=True)
    lapses_at = Time(read_only=True)
    ended_at = Time(read_only=True, allow_null=True)
    paged_at = Time(read_only=True, allow_null=True)

    class Meta:
        model = HandOver
        fields: ClassVar[list[str]] = [
            "id",
            "state",
            "holder",
            "offered_by",
            "to",
            "briefing",
            "offered_at",
            "lapses_at",
            "ended_at",
            "why",
            "asked_as",
            "paged_at",
        ]
        read_only_fields = fields


class HandOverIn(serializers.Serializer[dict[str, Any]]):
    """To whom command is offered, by id; without a briefing they get what the room knows."""

    user = SlugOrId(lambda _: people.people(), slug=None)
    briefing = serializers.CharField(required=False, allow_blank=True, max_length=20_000)


class DeclineCommandIn(serializers.Serializer[dict[str, Any]]):
    why = serializers.CharField(required=False, allow_blank=True, max_length=500)


@extend_schema_view(list=extend_schema(parameters=[INCIDENT]), retrieve=extend_schema(parameters=[INCIDENT]))
class HandOvers(Lists, Shows, ViewSet):
    """Command, offered and answered. Until somebody accepts, whoever commanded goes on."""

    permission_classes = (Responds,)
    serializer_class = HandOverOut
    filterset_fields: ClassVar[list[str]] = ["state"]
    ordering = "-offered_at"
    ordering_fields: ClassVar[list[str]] = ["offered_at", "id"]

    def get_queryset(self) -> QuerySet[HandOver]:
        """Give those of the incident that the path names, if this person may see it."""
        if getattr(self, "swagger_fake_view", False):
            return HandOver.objects.order_by("-offered_at", "-pk")
        return queries.of(self.person, self._incident())

    def _incident(self) -> Incident:
        return lifecycle.get(self.person, self.kwargs["incident"])

    @extend_schema(parameters=[INCIDENT], request=HandOverIn, responses={201: HandOverOut})
    def create(self, request: Request, incident: str) -> Response:
        """Offer command to somebody; to the same person again is the same offer."""
        data = self.read(HandOverIn)
        made = operations.offer(self._incident(), to=data.pop("user"), **data, actor=self.person)
        return self.created(made)

    @extend_schema(parameters=[INCIDENT], request=None, responses=HandOverOut)
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, incident: str, ref: str) -> Response:
        """Take command over: only whom it was offered to."""
        return self.answer(operations.accept(self.get_object(), actor=self.person))

    @extend_schema(parameters=[INCIDENT], request=DeclineCommandIn, responses=HandOverOut)
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, incident: str, ref: str) -> Response:
        """Say no; whoever commanded goes on, and is told."""
        data = self.read(DeclineCommandIn)
        return self.answer(operations.decline(self.get_object(), **data, actor=self.person))

    @extend_schema(parameters=[INCIDENT], request=None, responses=HandOverOut)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, incident: str, ref: str) -> Response:
        """Take an offer back: whoever made it, or commands."""
        return self.answer(operations.withdraw(self.get_object(), actor=self.person))


class PlacedOut(serializers.Serializer[Any]):
    """Somebody in the room; `reports_to_commander` directly, or `without_role_or_task`."""

    user = serializers.CharField(source="person.pk")
    name = serializers.CharField(source="person.name")
    roles = serializers.ListField(child=serializers.CharField())
    open_tasks = serializers.IntegerField(source="tasks")
    reports_to_commander = serializers.BooleanField(source="is_direct")
    without_role_or_task = serializers.BooleanField(source="is_loose")


class SuggestedCommanderOut(serializers.Serializer[Any]):
    """Somebody of the pool, in the order of whose turn it is; `why_not` says why they cannot now."""

    id = serializers.CharField(source="pk")
    user = serializers.CharField(source="person.pk")
    name = serializers.CharField(source="person.name")
    last_commanded_at = Time(source="last", allow_null=True)
    is_free = serializers.BooleanField()
    why_not = serializers.CharField()


class CommandOut(serializers.Serializer[Any]):
    """How an incident is led. `commander_required_from` is set while nobody commands and its severity will ask for it."""

    commander = serializers.CharField(source="commander.pk", default=None, allow_null=True)
    commander_required_from = Time(source="required_from", allow_null=True)
    commander_is_required = serializers.BooleanField(source="is_required")
    suggested = SuggestedCommanderOut(many=True)
    on_call_schedule = serializers.CharField(source="schedule.slug", default=None, allow_null=True)
    also_commands = serializers.ListField(source="also", child=serializers.CharField())
    reporting_to_commander = serializers.IntegerField(source="direct")
    span = serializers.IntegerField(source="most")
    span_ideal = serializers.IntegerField(source="ideal")
    is_over_span = serializers.BooleanField(source="too_many")
    without_role_or_task = serializers.IntegerField(source="loose")
    too_many_without_role_or_task = serializers.BooleanField(source="too_loose")
    people = PlacedOut(source="rows", many=True)


class TakeOverIn(serializers.Serializer[dict[str, Any]]):
    """Why command is taken without a hand-over; a deputy needs no reason."""

    reason = serializers.CharField(required=False, allow_blank=True, max_length=2000)


class Command(ViewSet):
    """How an incident is led: who commands, who reports to them, and who is here without anything to do."""

    permission_classes = (Responds,)
    serializer_class = CommandOut
    pagination_class = None  # type: ignore[assignment]
    filter_backends = ()  # type: ignore[assignment]

    def _incident(self) -> Incident:
        return lifecycle.get(self.person, self.kwargs["incident"])

    def _answer(self) -> Response:
        return Response(CommandOut(queries.people(self.person, self._incident())).data)

    @extend_schema(parameters=[INCIDENT], responses=CommandOut)
    def list(self, request: Request, incident: str) -> Response:
        """Give how it is led right now."""
        return self._answer()

    @extend_schema(parameters=[INCIDENT], request=TakeOverIn, responses=CommandOut)
    @action(detail=False, methods=["post"], url_path="take-over")
    def take_over(self, request: Request, incident: str) -> Response:
        """Take command, from nobody or without a hand-over from whoever does not answer."""
        operations.take_over(self._incident(), **self.read(TakeOverIn), actor=self.person)
        return self._answer()

    @extend_schema(parameters=[INCIDENT], request=None, responses=CommandOut)
    @action(detail=False, methods=["post"], url_path="give-back")
    def give_back(self, request: Request, incident: str) -> Response:
        """Command no more, with nobody to take it."""
        lifecycle_operations.give_back(self._incident(), actor=self.person)
        return self._answer()

    @extend_schema(parameters=[INCIDENT], request=None, responses=CommandOut)
    @action(detail=False, methods=["post"], url_path="page-on-call", permission_classes=[Pages])
    def page_on_call(self, request: Request, incident: str) -> Response:
        """Page the commander on call, where nobody commands."""
        operations.ask_on_call(self._incident(), actor=self.person)
        return self._answer()


class TrainedCommanderOut(serializers.ModelSerializer[TrainedCommander]):
    """Somebody who was trained to command."""

    id = Id()
    user = serializers.CharField(source="user_id", read_only=True)
    name = serializers.CharField(source="user.name", read_only=True)
    added_at = Time(read_only=True)

    class Meta:
        model = TrainedCommander
        fields: ClassVar[list[str]] = ["id", "user", "name", "note", "added_at"]
        read_only_fields = fields


class TrainedCommanderIn(serializers.Serializer[dict[str, Any]]):
    user = SlugOrId(lambda _: people.people(), slug=None)
    note = serializers.CharField(required=False, allow_blank=True, max_length=200)


class Commanders(Lists, Shows, ViewSet):
    """Who is trained to command."""

    permission_classes = (Configures,)
    serializer_class = TrainedCommanderOut
    ordering = "user__name"
    ordering_fields: ClassVar[list[str]] = ["user__name", "added_at", "id"]

    def get_queryset(self) -> QuerySet[TrainedCommander]:
        """Give the pool."""
        return TrainedCommander.objects.visible_to(self.person).select_related("user")

    @extend_schema(request=TrainedCommanderIn, responses={201: TrainedCommanderOut})
    def create(self, request: Request) -> Response:
        """Say that somebody was trained to command."""
        return self.created(operations.put_in(**self.read(TrainedCommanderIn), actor=self.person))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, ref: str) -> Response:
        """Suggest somebody no more."""
        operations.take_out(self.get_object(), actor=self.person)
        return Response(status=204)

    @extend_schema(responses=SuggestedCommanderOut(many=True), filters=False)
    @action(detail=False, methods=["get"], pagination_class=None)
    def suggested(self, request: Request) -> Response:
        """Give the whole pool, whose turn it is first; who cannot command now comes last."""
        return Response(SuggestedCommanderOut(queries.pool(self.person), many=True).data)
