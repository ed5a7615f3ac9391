"""Swaps of a schedule, in the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from core.accounts import queries as people
from core.accounts.policy import Verb, require
from core.api.fields import Id, SlugOrId, Time
from core.api.permissions import Configures, Responds
from core.api.schema import takes
from core.api.views import Lists, Shows, ViewSet
from oncall.schedules import queries as schedules
from oncall.schedules.api.parents import PARENT, schedule_of
from oncall.swaps import operations, queries
from oncall.swaps.models import Swap, SwapEntry, SwapShift, Takers

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request

    from oncall.schedules.models import Schedule


class SwapShiftOutput(serializers.ModelSerializer[SwapShift]):
    """A whole shift; where an edit gave it to somebody else it has lapsed. With `is_return` it is one of the taker,
    which `beneficiary` has in exchange.
    """

    start = Time()
    end = Time()
    layer = serializers.CharField(source="lineage", help_text="The id of the rotation.")
    lapsed_at = Time(allow_null=True)

    class Meta:
        model = SwapShift
        fields = ("start", "end", "layer", "turn", "window", "lapsed_at", "is_return")
        read_only_fields = fields


class SwapEntryOutput(serializers.ModelSerializer[SwapEntry]):
    """What happened to it, by whom; null is Watchbill itself."""

    at = Time()
    actor = serializers.CharField(source="actor_id", allow_null=True)

    class Meta:
        model = SwapEntry
        fields = ("at", "actor", "what", "text")
        read_only_fields = fields


class SwapOutput(serializers.ModelSerializer[Swap]):
    """Whole shifts of `beneficiary` that somebody takes; `wanted` is the one person who is asked, null for all."""

    id = Id()
    schedule = serializers.CharField(source="schedule.slug")
    start = serializers.SerializerMethodField(help_text="When the first shift that is given begins.")
    end = serializers.SerializerMethodField(help_text="When the last of them ends.")
    beneficiary = serializers.CharField(source="beneficiary_id")
    wanted = serializers.CharField(source="wanted_id", allow_null=True)
    taker = serializers.CharField(source="taker_id", allow_null=True)
    asked_by = serializers.CharField(source="asked_by_id", allow_null=True)
    expires_at = Time()
    shifts = SwapShiftOutput(many=True)
    log = SwapEntryOutput(many=True, source="entries")
    url = serializers.SerializerMethodField()

    class Meta:
        model = Swap
        fields = (
            "id",
            "schedule",
            "start",
            "end",
            "beneficiary",
            "wanted",
            "taker",
            "status",
            "reason",
            "asked_by",
            "expires_at",
            "shifts",
            "log",
            "url",
        )
        read_only_fields = fields

    def get_start(self, swap: Swap) -> str:
        return Time().to_representation(min(row.start for row in swap.given))

    def get_end(self, swap: Swap) -> str:
        return Time().to_representation(max(row.end for row in swap.given))

    def get_url(self, swap: Swap) -> str:
        return queries.address(swap)


class SpanInput(serializers.Serializer[dict[str, Any]]):
    start = Time()
    end = Time()


class SwapInput(serializers.Serializer[dict[str, Any]]):
    start = Time()
    end = Time()
    beneficiary = SlugOrId(lambda _: people.people(), slug=None, required=False, help_text="Default: you.")
    taker = SlugOrId(
        lambda _: people.people(),
        slug=None,
        required=False,
        allow_null=True,
        default=None,
        help_text="Only this person is asked.",
    )
    in_exchange = SpanInput(
        required=False,
        allow_null=True,
        default=None,
        help_text="`beneficiary` has the shifts of `taker` in [start, end) for it, which has to hold each of them whole.",
    )
    reason = serializers.CharField(required=False, max_length=200, allow_blank=True, default="")


class TakeInput(serializers.Serializer[dict[str, Any]]):
    user = SlugOrId(
        lambda _: people.people(),
        slug=None,
        required=False,
        help_text="For whom a manager takes it; default: you.",
    )


class SuggestionOutput(serializers.Serializer[Any]):
    """Somebody who may take it; `against` says why it would not suit them."""

    user = serializers.CharField(source="person.pk")
    hours = serializers.IntegerField(
        source="suggestion.hours", help_text="On call, 4 weeks before and after."
    )
    nights = serializers.IntegerField(source="suggestion.nights")
    is_free = serializers.BooleanField(source="suggestion.is_free")
    against = serializers.ListField(source="suggestion.against", child=serializers.CharField())


@extend_schema_view(list=extend_schema(parameters=[PARENT]), retrieve=extend_schema(parameters=[PARENT]))
class Swaps(Lists, Shows, ViewSet):
    """Whole shifts that somebody takes for somebody else."""

    permission_classes = (Responds,)
    serializer_class = SwapOutput
    filterset_fields = ("status", "beneficiary", "taker")

    def get_queryset(self) -> QuerySet[Swap]:
        if getattr(self, "swagger_fake_view", False):
            return queries.rows()
        return queries.of(schedule_of(self.kwargs))

    @extend_schema(parameters=[PARENT], request=SwapInput, responses={201: SwapOutput})
    def create(self, request: Request, schedule: str) -> Response:
        """Ask who takes the shifts of `beneficiary` in [start, end), which has to hold each of them whole."""
        data = self.read(SwapInput)
        exchange = data["in_exchange"]
        swap = operations.ask_between(
            schedule_of(self.kwargs),
            beneficiary=data.get("beneficiary", self.person),
            start=data["start"],
            end=data["end"],
            in_exchange=(exchange["start"], exchange["end"]) if exchange else None,
            wanted=data["taker"],
            reason=data["reason"],
            actor=self.person,
        )
        return self.created(swap)

    @extend_schema(parameters=[PARENT], responses=SuggestionOutput(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def suggestions(self, request: Request, schedule: str, ref: str) -> Response:
        """Who could take it: who is free and rested first, and of those who has the fewest hours around it."""
        found = queries.suggestions(self.get_object())
        return Response(SuggestionOutput(found, many=True).data)

    @extend_schema(parameters=[PARENT], request=TakeInput, responses=SwapOutput)
    @action(detail=True, methods=["post"])
    def take(self, request: Request, schedule: str, ref: str) -> Response:
        """Take it; where the schedule wants approval it waits for a manager."""
        user = self.read(TakeInput).get("user", self.person)
        return self.answer(operations.take(self.get_object(), user=user, actor=self.person))

    @extend_schema(parameters=[PARENT], request=None, responses=SwapOutput)
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, schedule: str, ref: str) -> Response:
        """Say that you do not take it."""
        return self.answer(operations.decline(self.get_object(), actor=self.person))

    @extend_schema(parameters=[PARENT], request=None, responses=SwapOutput)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, schedule: str, ref: str) -> Response:
        """Take it back; what has passed of it stays as it was."""
        return self.answer(operations.withdraw(self.get_object(), actor=self.person))

    @extend_schema(parameters=[PARENT], request=None, responses=SwapOutput)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, schedule: str, ref: str) -> Response:
        """Let it count; for managers."""
        return self.answer(operations.approve(self.get_object(), actor=self.person))

    @extend_schema(parameters=[PARENT], request=None, responses=SwapOutput)
    @action(detail=True, methods=["post"])
    def reject(self, request: Request, schedule: str, ref: str) -> Response:
        """Do not let it count; for managers."""
        return self.answer(operations.reject(self.get_object(), actor=self.person))


class SwapRuleInOut(serializers.Serializer[Any]):
    """Who may take shifts of a schedule, and whether a manager approves it."""

    takers = serializers.ChoiceField(choices=Takers.choices)
    needs_approval = serializers.BooleanField()


class SwapRules(ViewSet):
    """Who may take shifts of a schedule."""

    permission_classes = (Configures,)
    serializer_class = SwapRuleInOut
    references: ClassVar[list[str]] = ["slug"]

    def get_queryset(self) -> QuerySet[Schedule]:
        return schedules.schedules()

    def represent(self, thing: Schedule) -> Any:
        return dict(SwapRuleInOut(queries.rule_of(thing)).data)

    @takes(gives=SwapRuleInOut)
    def retrieve(self, request: Request, ref: str) -> Response:
        """Give the rule, or the usual one where nobody set any."""
        return self.answer(self.get_object())

    @takes(SwapRuleInOut, SwapRuleInOut)
    def update(self, request: Request, ref: str) -> Response:
        """Set the rule; for the managers of the schedule. What is taken stays taken."""
        schedule = self.get_object()
        require(self.person, Verb.CONFIGURE, schedule.team)
        operations.set_rule(schedule, **self.read(SwapRuleInOut), actor=self.person)
        return self.answer(schedule)
