"""Who is on call, in the API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from core.accounts import queries as people
from core.api.fields import Time, by_reference
from core.api.permissions import Reads
from core.api.views import ViewSet
from incidents.catalog import queries as catalog
from oncall.schedules import queries
from oncall.schedules.rules import resolver

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet
    from rest_framework.request import Request

    from oncall.schedules.models import Schedule


class TurnOutput(serializers.Serializer[Any]):
    user = serializers.CharField()
    layer = serializers.CharField(help_text="The id of the rotation.")
    turn = serializers.IntegerField(help_text="The first turn of a rotation is 0.")
    window = serializers.DateField(allow_null=True, help_text="The local date on which a window opens.")


class ShiftOutput(serializers.Serializer[Any]):
    start = Time()
    end = Time()
    users = serializers.ListField(child=serializers.CharField())
    layer = serializers.CharField(allow_null=True)
    override = serializers.CharField(allow_null=True)
    swap = serializers.CharField(allow_null=True)
    kind = serializers.ChoiceField(choices=[kind.value for kind in resolver.Kind])
    turns = TurnOutput(many=True)
    reason = serializers.CharField()


class NextOutput(serializers.Serializer[Any]):
    start = Time()
    users = serializers.ListField(child=serializers.CharField())


class OnCallOutput(serializers.Serializer[Any]):
    at = Time()
    users = serializers.ListField(child=serializers.CharField())
    until = Time(allow_null=True)
    next = NextOutput(allow_null=True)
    reason = serializers.CharField()


class AskedByOutput(serializers.Serializer[Any]):
    policy = serializers.CharField(help_text="The slug of a policy that asks the schedule.")
    level = serializers.IntegerField(help_text="At which of its levels, from 1 on.")
    description = serializers.CharField(help_text="Who they are to the others, where the level says so.")
    services = serializers.ListField(
        child=serializers.CharField(), help_text="For which it answers, by name."
    )


class OnCallRow(OnCallOutput):
    schedule = serializers.CharField()
    name = serializers.CharField()
    team = serializers.CharField(allow_null=True)
    asked_by = AskedByOutput(many=True)


class OnCall(ViewSet):
    """Everyone on call, by schedule."""

    permission_classes = (Reads,)
    serializer_class = OnCallRow
    pagination_class = None  # type: ignore[assignment]
    filter_backends = ()  # type: ignore[assignment]

    def get_queryset(self) -> QuerySet[Schedule]:
        return queries.schedules()

    @extend_schema(
        parameters=[
            OpenApiParameter("at", datetime, description="Default: now."),
            OpenApiParameter(
                "team", str, description="The slug or id of the team whose schedules these are."
            ),
            OpenApiParameter(
                "service", str, description="The slug or id of the service for which they are asked."
            ),
        ],
        responses=OnCallRow(many=True),
    )
    def list(self, request: Request) -> Response:
        """Who has each schedule at an instant (default: now) and next, and at which levels of policies they are asked.

        Of a `service` those are given whom the policy that answers for it asks, whom it asks first before the others.
        """
        at = instant(request, "at", default=timezone.now())
        team = _named(request, "team", people.teams(request.user))
        service = _named(request, "service", catalog.services(request.user))
        found = queries.asked(at=at, team=team, service=service)
        return Response([_row(one, at) for one in found])


def _named(request: Request, name: str, rows: QuerySet[Any]) -> Any:
    """What the query names by its slug or id; None where it names nothing, 400 where there is no such thing."""
    asked = request.query_params.get(name)
    if asked is None:
        return None
    found = by_reference(rows, asked, ["slug"])
    if found is None:
        raise ValidationError({name: [f"There is no such {name}."]})
    return found


def _row(one: queries.AskedWatch, at: datetime) -> dict[str, Any]:
    schedule = one.watch.schedule
    return {
        "schedule": schedule.slug,
        "name": schedule.name,
        "team": schedule.team.slug if schedule.team else None,
        "asked_by": [
            {
                "policy": reach.slug,
                "level": asked.level,
                "description": asked.description,
                "services": list(reach.services),
            }
            for reach in one.reaches
            for asked in reach.levels
        ],
        **state(one.watch.now, at),
    }


def shift(piece: resolver.Slice) -> dict[str, Any]:
    """A stretch of the final schedule as JSON."""
    return {
        "start": Time().to_representation(piece.start),
        "end": Time().to_representation(piece.end),
        "users": ids(piece.users),
        "layer": piece.layer,
        "override": str(piece.override) if piece.override is not None else None,
        "swap": str(piece.swap) if piece.swap is not None else None,
        "kind": piece.kind.value,
        "turns": [
            {
                "user": str(user),
                "layer": str(key.lineage),
                "turn": key.turn,
                "window": key.window.isoformat() if key.window else None,
            }
            for user, key in piece.shifts
        ],
        "reason": piece.reason,
    }


def state(now: resolver.Now, at: datetime) -> dict[str, Any]:
    """Who has it, as JSON."""
    following = now.following
    return {
        "at": Time().to_representation(at),
        "users": ids(now.current.users),
        "until": Time().to_representation(now.until) if now.until else None,
        "next": {"start": Time().to_representation(following.start), "users": ids(following.users)}
        if following
        else None,
        "reason": now.current.reason,
    }


def ids(users: Iterable[int]) -> list[str]:
    return [str(pk) for pk in users]


def instant(request: Request, name: str, default: datetime | None = None) -> datetime:
    """An instant of the query; 400 where it is missing or unreadable."""
    text = request.query_params.get(name)
    if text is None and default is not None:
        return default
    try:
        return Time().to_internal_value((text or "").replace(" ", "+")).astimezone(UTC)
    except serializers.ValidationError as error:
        raise ValidationError({name: error.detail}) from error
