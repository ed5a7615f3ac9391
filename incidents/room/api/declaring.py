"""What happens when an incident is declared, asked before it is."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from core.api.fields import Seconds, SlugOrId
from incidents.catalog.api.radius import BusinessOut, FeltOut
from incidents.catalog.models import Service
from incidents.changes.api import ChangeBeforeOut
from incidents.room.api.requests import SeverityField
from incidents.severities.rules import Measure


class OutlookIn(serializers.Serializer[Any]):
    """What is known so far. `answers` are those to the questions, by position; a level picked goes before them."""

    title = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    severity = SeverityField(required=False, allow_null=True, default=None)
    answers = serializers.DictField(child=serializers.BooleanField(), required=False, default=dict)
    services = serializers.ListField(
        child=SlugOrId(Service.objects.visible_to), required=False, max_length=100, default=list
    )
    drill = serializers.BooleanField(required=False, default=False)
    affected_percent = serializers.DecimalField(
        max_digits=5,
        decimal_places=2,
        min_value=0,
        max_value=100,
        required=False,
        allow_null=True,
        default=None,
    )
    data_lost = serializers.BooleanField(required=False, default=False)
    critical_down = serializers.BooleanField(required=False, default=False)

    def validate_answers(self, given: dict[str, bool]) -> dict[int, bool]:
        """Give the answers by position."""
        if not all(place.isascii() and place.isdigit() and len(place) < 6 for place in given):
            raise serializers.ValidationError("Answers are named by the position of their question.")
        return {int(place): answer for place, answer in given.items()}

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """Put the numbers together."""
        measure = Measure(data.pop("affected_percent"), data.pop("data_lost"), data.pop("critical_down"))
        return {**data, "measure": measure}


class SimilarOut(serializers.Serializer[Any]):
    """An open incident that may be the same."""

    number = serializers.CharField(source="__str__")
    title = serializers.CharField()
    severity = serializers.CharField(source="severity.slug")


class SuggestedOut(serializers.Serializer[Any]):
    """A service that the title may be about, who is asked first for it, and an open alert that says so."""

    service = serializers.CharField(source="service.slug")
    team = serializers.CharField(source="service.team.slug")
    asked_first = serializers.ListField(child=serializers.CharField())
    alert = serializers.CharField(source="alert.title", default=None, allow_null=True)


class KnownOut(serializers.Serializer[Any]):
    """A chosen service, the team that owns it, and the names of those who know it."""

    service = serializers.CharField(source="service.slug")
    team = serializers.CharField(source="service.team.slug")
    people = serializers.ListField(child=serializers.CharField())


class NextQuestionOut(serializers.Serializer[Any]):
    """The question to answer next."""

    position = serializers.IntegerField()
    text = serializers.CharField()


class OutlookOut(serializers.Serializer[Any]):
    """What happens when it is declared like this; `paged` names who is asked first.

    `next_question` is null once the answers lead to a level. `at_least` is what the tiers of the services ask for, and
    `is_raised` says that it decided. `may_feel` are the services that need those chosen, the nearest first; `business`
    is what customers would notice. `held_by` is the incident that whoever declares commands and that keeps them from
    commanding this one as well; `asked_to_command` is who is paged to command it at once, and as what.
    """

    severity = serializers.CharField(source="severity.slug", default=None, allow_null=True)
    at_least = serializers.CharField(source="least.slug", default=None, allow_null=True)
    is_raised = serializers.BooleanField()
    by_questions = serializers.BooleanField()
    next_question = NextQuestionOut(allow_null=True, default=None)
    pages = serializers.BooleanField()
    paged = serializers.ListField(child=serializers.CharField())
    update_every_seconds = Seconds(source="update_every", allow_null=True)
    missing_roles = serializers.ListField(child=serializers.CharField())
    held_by = serializers.CharField(default=None, allow_null=True)
    asked_to_command = serializers.CharField(allow_blank=True)
    already_open = SimilarOut(many=True)
    suggested = SuggestedOut(many=True)
    changes = ChangeBeforeOut(many=True)
    experts = KnownOut(many=True)
    may_feel = FeltOut(many=True, source="radius.needed_by")
    business = BusinessOut(many=True, source="radius.business")
