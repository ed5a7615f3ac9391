"""A level of a policy as it is sent: targets, branch, time-out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from core.accounts import queries as people
from core.api.fields import Seconds, by_reference
from oncall.alerts.models import Urgency
from oncall.destinations import queries as destinations
from oncall.escalation.forms.levels import MOST_TARGETS
from oncall.escalation.rules.acks import MOST_ACKS
from oncall.escalation.rules.plans import LONGEST_DESCRIPTION, Kind, TargetSpec, Turn
from oncall.escalation.rules.reach import CHOOSE, NOT_FLAGGED, count
from oncall.escalation.rules.reach import people as said
from oncall.matching.rules import OPERATORS, Hours, branch_from_json
from oncall.quiet.rules import WEEKDAYS
from oncall.schedules import queries as schedules

if TYPE_CHECKING:
    from django.db.models import QuerySet


CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"


class TargetIn(serializers.Serializer[dict[str, Any]]):
    """Whom a level asks: `id` is a person's id or e-mail, or the id or slug of a schedule or a team.

    `turn` is whose turn of a schedule: who has it `now`, whoever else has it `next` or had it before (`previous`).
    Of a team everybody is asked who is a responder or more. A channel, by its id or name, is told and wakes nobody.
    """

    type = serializers.ChoiceField(choices=[kind.value for kind in Kind])
    id = serializers.CharField(max_length=254)
    turn = serializers.ChoiceField(choices=[turn.value for turn in Turn], required=False)
    name = serializers.CharField(read_only=True)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """Find whom it names."""
        kind = Kind(data["type"])
        if "turn" in data and kind is not Kind.SCHEDULE:
            raise ValidationError({"turn": ["Only a schedule has turns."]})
        known: dict[Kind, tuple[QuerySet[Any], str]] = {
            Kind.USER: (people.people(), "email"),
            Kind.SCHEDULE: (schedules.schedules(), "slug"),
            Kind.TEAM: (people.teams(self.context["request"].user), "slug"),
            Kind.CHANNEL: (destinations.everywhere(), "name"),
        }
        rows, reference = known[kind]
        found = by_reference(rows, data["id"], [reference])
        if found is None:
            raise ValidationError({"id": [f"There is no {kind} {data['id']!r}."]})
        return {"spec": TargetSpec(kind, found.pk, str(found), Turn(data.get("turn", Turn.NOW)))}


class BranchHours(serializers.Serializer[dict[str, Any]]):
    """Working hours: asked only `in` them, only `outside` of them, or low urgency is to `wait` for them (`how`)."""

    weekdays = serializers.ListField(child=serializers.ChoiceField(choices=[day.lower() for day in WEEKDAYS]))
    to = serializers.RegexField(CLOCK)
    zone = serializers.CharField(max_length=60)
    how = serializers.ChoiceField(choices=[how.value for how in Hours], default=Hours.IN.value)

    def get_fields(self) -> dict[str, Any]:
        """Call the first end what the contract calls it: `from` is no name for an attribute."""
        return super().get_fields() | {"from": serializers.RegexField(CLOCK)}


class BranchMatch(serializers.Serializer[Any]):
    """What must hold of a label, as in a route."""

    op = serializers.ChoiceField(choices=OPERATORS, default="equals")
    value = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")

    def get_fields(self) -> dict[str, Any]:
        """Give the label its name, which is an attribute of every field."""
        return {"label": serializers.CharField(max_length=200), **super().get_fields()}


class BranchIn(serializers.Serializer[dict[str, Any]]):
    """What must hold for a level to be asked: the urgency, every condition, and the hour."""

    urgency = serializers.ChoiceField(choices=Urgency.values, required=False, allow_blank=True, default="")
    match = BranchMatch(many=True, required=False, default=list)
    hours = BranchHours(required=False, allow_null=True, default=None)


@extend_schema_field(BranchIn)
class BranchField(serializers.JSONField):
    """A branch as it is kept."""

    def to_internal_value(self, data: Any) -> Any:
        """Read it, and say what is wrong with it."""
        given = BranchIn(data=data)
        given.is_valid(raise_exception=True)
        try:
            return branch_from_json(given.validated_data)
        except ValueError as error:
            raise ValidationError(str(error)) from error


class LevelIn(serializers.Serializer[dict[str, Any]]):
    """A level; with `round_robin` each alert asks the next of its targets, without it all of them.

    `description` says who they are to the others, as "first line, follows the runbook".
    `acks_needed`: so many different people must acknowledge once it is asked; null: as many as the policy says.
    `branch`: what must hold for it to be asked; null: nothing. A target of the type team asks everybody in it who
    responds, so it needs `pages_everyone`.
    """

    description = serializers.CharField(
        max_length=LONGEST_DESCRIPTION, required=False, allow_blank=True, default=""
    )
    timeout_seconds = Seconds(min_value=1, max_value=86400, default=300)
    round_robin = serializers.BooleanField(default=False)
    acks_needed = serializers.IntegerField(
        min_value=1, max_value=MOST_ACKS, required=False, allow_null=True, default=None
    )
    pages_everyone = serializers.BooleanField(default=False)
    branch = BranchField(required=False, allow_null=True, default=None)
    targets = TargetIn(many=True, allow_empty=False, max_length=MOST_TARGETS)  # type: ignore[call-arg]

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """Refuse a whole team that nobody says is meant."""
        teams = [target["spec"].id for target in data["targets"] if target["spec"].kind is Kind.TEAM]
        if teams and not data["pages_everyone"]:
            number = count(teams, people.responders(teams))
            raise ValidationError(
                {"pages_everyone": [f"{NOT_FLAGGED} That is {said(number)} today. {CHOOSE}"]}
            )
        return data
