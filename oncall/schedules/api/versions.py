"""What was saved of a schedule, what is planned, and what an edit would change, in the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from core.api.fields import SlugOrId, Time, ZoneName
from core.api.views import ViewSet
from oncall.schedules import operations, queries
from oncall.schedules.api.layers import LayerInput, LayerOutput, RestrictionField, spec, window, windows
from oncall.schedules.api.shifts import ShiftOutput, ids, shift
from oncall.schedules.rules import holidays

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rest_framework.request import Request

    from oncall.schedules.models import Schedule, ScheduleVersion
    from oncall.schedules.rules import compare

PLAIN = ("is_informal", "holidays", "closed_on_holidays", "passes_over_absent")
NUMBER = OpenApiParameter("number", int, OpenApiParameter.PATH)


class TermsInput(serializers.Serializer[dict[str, Any]]):
    coverage = RestrictionField(  # type: ignore[call-arg]
        many=True,
        required=False,
        max_length=operations.MOST,
        help_text="When somebody is meant to be on call; empty: always.",
    )
    stands_behind = SlugOrId(
        lambda _: queries.schedules(),
        required=False,
        allow_null=True,
        help_text="Nobody who is on call there is on call here; the next in the rotation is.",
    )
    offset = serializers.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=200,
        help_text="Take the rotations of that schedule, so many turns ahead.",
    )  # fmt: skip
    is_informal = serializers.BooleanField(
        required=False, help_text="Nobody takes turns: everybody of a rotation is on call together."
    )
    holidays = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=13,
        help_text="Whose public holidays count, as DE or DE-BY.",
    )
    closed_on_holidays = serializers.BooleanField(
        required=False, help_text="Nobody is meant to be on call on these public holidays."
    )
    passes_over_absent = serializers.BooleanField(
        required=False, help_text="The next in the rotation has the turn of whoever is away."
    )

    def validate_holidays(self, place: str) -> str:
        """Refuse a place of which no holidays are known."""
        if place and (wrong := holidays.complaint(place)):
            raise serializers.ValidationError(wrong)
        return place


class ScheduleReplacement(TermsInput):
    layers = LayerInput(many=True, max_length=operations.MOST)  # type: ignore[call-arg]
    time_zone = ZoneName(required=False)
    effective_at = Time(required=False, help_text="From when on it counts; default now, never the past.")
    accept_gaps = serializers.BooleanField(
        default=False, help_text="Save it although nobody is on call then where somebody is now."
    )


class VersionOutput(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    effective_from = Time()
    effective_until = Time(allow_null=True)
    time_zone = serializers.CharField()
    summary = serializers.CharField()
    restored_from = serializers.IntegerField(allow_null=True)
    created_at = Time()
    created_by = serializers.CharField(allow_null=True)


class WholeVersionOutput(VersionOutput):
    coverage = RestrictionField(many=True)
    stands_behind = serializers.CharField(allow_null=True)
    offset = serializers.IntegerField(allow_null=True)
    is_informal = serializers.BooleanField()
    holidays = serializers.CharField()
    closed_on_holidays = serializers.BooleanField()
    passes_over_absent = serializers.BooleanField()
    layers = LayerOutput(many=True)


class RestoreInput(serializers.Serializer[dict[str, Any]]):
    effective_at = Time(required=False, help_text="From when on it counts; default now, never the past.")
    accept_gaps = serializers.BooleanField(
        default=False, help_text="Restore it although nobody is on call then where somebody is now."
    )


class ChangeOutput(serializers.Serializer[Any]):
    user = serializers.CharField()
    start = Time()
    end = Time()
    effect = serializers.ChoiceField(choices=["gained", "lost", "same_time_other_reason"])


class NextShifts(serializers.Serializer[Any]):
    layer = serializers.CharField()
    shifts = ShiftOutput(many=True)


class PreviewOutput(serializers.Serializer[Any]):
    shifts = ShiftOutput(many=True)
    gaps = ShiftOutput(many=True)
    difference = ChangeOutput(many=True)
    handoffs = NextShifts(many=True)


class Versions(ViewSet):
    """The part of a schedule's resource that is about its versions."""

    @extend_schema(responses=VersionOutput(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def versions(self, request: Request, ref: str) -> Response:
        """Everything that was saved of a schedule, the latest first; one that never counted ends as it begins."""
        return Response([_version(row) for row in queries.versions(self.get_object())])

    @extend_schema(methods=["get"], parameters=[NUMBER], responses=WholeVersionOutput)
    @extend_schema(methods=["delete"], parameters=[NUMBER], responses={204: None})
    @action(detail=True, methods=["get", "delete"], url_path="versions/(?P<number>[0-9]{1,9})")
    def version(self, request: Request, ref: str, number: str) -> Response:
        """One version with its rotations; DELETE withdraws one that is planned, and the one before it goes on."""
        schedule = self.get_object()
        row = _found(schedule, number)
        if request.method == "DELETE":
            operations.withdraw(schedule, row.number, actor=self.person)
            return Response(status=204)
        return Response(_whole(row))

    @extend_schema(parameters=[NUMBER], request=RestoreInput, responses=WholeVersionOutput)
    @action(detail=True, methods=["post"], url_path="versions/(?P<number>[0-9]{1,9})/restore")
    def restore(self, request: Request, ref: str, number: str) -> Response:
        """Let a version count again from `effective_at` on, as a new one.

        409 where nobody would be on call in the next four weeks where somebody is, unless `accept_gaps` says that you know.
        """
        schedule = self.get_object()
        row = _found(schedule, number)
        data = self.read(RestoreInput)
        saved = operations.restore(
            schedule,
            row.number,
            effective_at=data.get("effective_at"),
            accepts_gaps=data["accept_gaps"],
            actor=self.person,
        )
        return Response(_whole(_found(schedule, str(saved.number))))

    @extend_schema(
        parameters=[NUMBER, OpenApiParameter("against", int, OpenApiParameter.PATH)],
        responses=ChangeOutput(many=True),
        filters=False,
    )
    @action(
        detail=True,
        methods=["get"],
        url_path="versions/(?P<number>[0-9]{1,9})/compare/(?P<against>[0-9]{1,9})",
        pagination_class=None,
    )
    def compare(self, request: Request, ref: str, number: str, against: str) -> Response:
        """Who would be on call otherwise by this version than by the one `against`, in the next four weeks."""
        schedule = self.get_object()
        new, old = _found(schedule, number), _found(schedule, against)
        return Response(_changes(operations.difference(schedule, old.number, new.number)))

    @extend_schema(request=ScheduleReplacement, responses=PreviewOutput)
    @action(detail=True, methods=["post"])
    def preview(self, request: Request, ref: str) -> Response:
        """What a replacement of the rotations would change in four weeks; nothing is saved."""
        schedule = self.get_object()
        shown = operations.preview(
            schedule, **replacement(self.read(ScheduleReplacement), schedule), actor=self.person
        )
        return Response(
            {
                "shifts": [shift(piece) for piece in shown.after],
                "gaps": [shift(piece) for piece in shown.gaps],
                "difference": _changes(shown.changes),
                "handoffs": [
                    {"layer": name, "shifts": [shift(piece) for piece in pieces]}
                    for name, pieces in shown.handoffs
                ],
            }
        )


def replacement(data: dict[str, Any], schedule: Schedule) -> dict[str, Any]:
    """The arguments of a save out of the request's words; terms that are not named go on."""
    return {
        "layers": [spec(layer) for layer in data["layers"]],
        "effective_at": data.get("effective_at"),
        "time_zone": data.get("time_zone"),
        "terms": terms(data, operations.terms_at(schedule, data.get("effective_at"))),
    }


def terms(data: dict[str, Any], known: operations.Terms) -> operations.Terms:
    """What a version says beside its rotations, with what is named in the request."""
    return operations.Terms(
        coverage=windows(data["coverage"]) if "coverage" in data else known.coverage,
        stands_behind=data.get("stands_behind", known.stands_behind),
        offset=data.get("offset", known.offset),
        **{name: data.get(name, getattr(known, name)) for name in PLAIN},
    )


def shown_terms(row: ScheduleVersion | None) -> dict[str, Any]:
    """What a version says beside its rotations, as JSON."""
    known = operations.terms_of(row) if row else operations.Terms()
    return {
        "coverage": [window(*each) for each in known.coverage],
        "stands_behind": known.stands_behind.slug if known.stands_behind else None,
        "offset": known.offset,
        **{name: getattr(known, name) for name in PLAIN},
    }


def _found(schedule: Schedule, number: str) -> ScheduleVersion:
    row = queries.versions(schedule).filter(number=int(number)).first()
    if row is None:
        raise Http404
    return row


def _version(row: ScheduleVersion) -> dict[str, Any]:
    at = Time().to_representation
    return {
        "number": row.number,
        "effective_from": at(row.effective_from),
        "effective_until": at(row.effective_until) if row.effective_until else None,
        "time_zone": row.time_zone,
        "summary": row.summary,
        "restored_from": row.restored_from,
        "created_at": at(row.created_at),
        "created_by": str(row.created_by_id) if row.created_by_id else None,
    }


def _whole(row: ScheduleVersion) -> dict[str, Any]:
    layers = [LayerOutput(layer).data for layer in queries.layers_of(row)]
    return {**_version(row), **shown_terms(row), "layers": layers}


def _changes(found: Iterable[compare.Change]) -> list[dict[str, Any]]:
    at = Time().to_representation
    return [
        {
            "user": ids([each.user])[0],
            "start": at(each.start),
            "end": at(each.end),
            "effect": each.effect.value,
        }
        for each in found
    ]
