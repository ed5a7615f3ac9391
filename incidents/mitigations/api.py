"""Mitigations of services and of incidents, in the API."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from core.accounts import queries as people
from core.accounts.policy import Verb, require
from core.api.fields import Id, SlugOrId, Time
from core.api.permissions import Configures, Responds
from core.api.views import Lists, Shows, ViewSet
from incidents.catalog import queries as catalog
from incidents.lifecycle import queries as lifecycle
from incidents.mitigations import operations, queries
from incidents.mitigations.models import AppliedMitigation, Kind, Mitigation, Result

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request

    from incidents.catalog.models import Service
    from incidents.lifecycle.models import Incident

INCIDENT = OpenApiParameter(
    "incident", str, OpenApiParameter.PATH, description="The incident's number: INC-12 or 12."
)
SERVICE = OpenApiParameter("service", str, OpenApiParameter.PATH, description="The service's slug.")


class MitigationOut(serializers.ModelSerializer[Mitigation]):
    """Something that can be tried on a service before anybody knows the cause."""

    id = Id()

    class Meta:
        model = Mitigation
        fields = ("id", "kind", "name", "steps", "url", "is_temporary", "position")
        read_only_fields = fields


class MitigationIn(serializers.Serializer[dict[str, Any]]):
    """What is done, and how."""

    kind = serializers.ChoiceField(choices=Kind.choices)
    name = serializers.CharField(max_length=120)
    steps = serializers.CharField(required=False, allow_blank=True, max_length=5000)
    url = serializers.URLField(required=False, allow_blank=True, max_length=500)
    is_temporary = serializers.BooleanField(required=False)
    position = serializers.IntegerField(required=False, min_value=0, max_value=1000)


class MitigationChange(MitigationIn):
    """What is not named stays."""

    kind = serializers.ChoiceField(choices=Kind.choices, required=False)
    name = serializers.CharField(max_length=120, required=False)


@extend_schema_view(list=extend_schema(parameters=[SERVICE]), retrieve=extend_schema(parameters=[SERVICE]))
class Mitigations(Lists, Shows, ViewSet):
    """What can be tried on a service. Managers of its team change it."""

    permission_classes = (Configures,)
    serializer_class = MitigationOut
    filterset_fields = {"kind": ["exact"], "is_temporary": ["exact"]}
    ordering = "position"
    ordering_fields = ("position", "name", "id")

    def get_queryset(self) -> QuerySet[Mitigation]:
        """Give those of the service that the path names."""
        if getattr(self, "swagger_fake_view", False):
            return Mitigation.objects.order_by("position", "pk")
        return queries.of_service(self.person, self._service())

    def _service(self) -> Service:
        return catalog.get(self.person, self.kwargs["service"])

    def _writable(self) -> Service:
        service = self._service()
        require(self.person, Verb.CONFIGURE, service.team)
        return service

    @extend_schema(parameters=[SERVICE], request=MitigationIn, responses={201: MitigationOut})
    def create(self, request: Request, service: str) -> Response:
        """Offer something more."""
        return self.created(operations.add(self._writable(), **self.read(MitigationIn)))

    @extend_schema(parameters=[SERVICE], request=MitigationChange, responses=MitigationOut)
    def partial_update(self, request: Request, service: str, ref: str) -> Response:
        """Change what is offered."""
        self._writable()
        return self.answer(operations.change(self.get_object(), changes=self.read(MitigationChange)))

    @extend_schema(parameters=[SERVICE], request=None, responses={204: None})
    def destroy(self, request: Request, service: str, ref: str) -> Response:
        """Offer it no more; where it was tried it still stands."""
        self._writable()
        operations.remove(self.get_object())
        return Response(status=HTTPStatus.NO_CONTENT)


class AppliedMitigationOut(serializers.ModelSerializer[AppliedMitigation]):
    """A mitigation tried in an incident. `seconds` is how long it took, null while it is under way.

    `is_standing`: it is temporary, and the incident does not end before it is undone or kept on purpose.
    """

    id = Id()
    mitigation = serializers.CharField(source="mitigation_id", allow_null=True, read_only=True)
    started_at = Time(read_only=True)
    started_by = serializers.CharField(source="started_by_id", allow_null=True, read_only=True)
    ended_at = Time(read_only=True, allow_null=True)
    seconds = serializers.FloatField(read_only=True, allow_null=True)
    result = serializers.ChoiceField(choices=["", *Result.values], read_only=True)
    undone_at = Time(read_only=True, allow_null=True)
    undone_by = serializers.CharField(source="undone_by_id", allow_null=True, read_only=True)
    kept_at = Time(read_only=True, allow_null=True)
    kept_owner = serializers.CharField(source="kept_owner_id", allow_null=True, read_only=True)
    is_standing = serializers.BooleanField(read_only=True)

    class Meta:
        model = AppliedMitigation
        fields = (
            "id",
            "mitigation",
            "kind",
            "name",
            "is_temporary",
            "started_at",
            "started_by",
            "ended_at",
            "seconds",
            "result",
            "note",
            "undone_at",
            "undone_by",
            "kept_at",
            "kept_because",
            "kept_owner",
            "is_standing",
        )
        read_only_fields = fields


class BeginIn(serializers.Serializer[dict[str, Any]]):
    """One of those offered by its id, or a `name` and a `kind`; `at` is when it began."""

    mitigation = serializers.CharField(required=False, max_length=20)
    kind = serializers.ChoiceField(choices=Kind.choices, required=False)
    name = serializers.CharField(required=False, max_length=120)
    is_temporary = serializers.BooleanField(required=False)
    at = Time(required=False, allow_null=True)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """Ask for one or the other."""
        if bool(data.get("mitigation")) == bool(data.get("name")):
            raise ValidationError("Name either a mitigation or what is done.")
        return data


class EndIn(serializers.Serializer[dict[str, Any]]):
    """What came of it."""

    result = serializers.ChoiceField(choices=Result.choices)
    note = serializers.CharField(required=False, allow_blank=True, max_length=5000)
    at = Time(required=False, allow_null=True)


class KeepIn(serializers.Serializer[dict[str, Any]]):
    """Why it stays, and who answers for it, a person by id."""

    why = serializers.CharField(max_length=2000)
    owner = SlugOrId(lambda _: people.people(), slug=None)


@extend_schema_view(list=extend_schema(parameters=[INCIDENT]), retrieve=extend_schema(parameters=[INCIDENT]))
class AppliedMitigations(Lists, Shows, ViewSet):
    """What was tried in an incident to take the pain away."""

    permission_classes = (Responds,)
    serializer_class = AppliedMitigationOut
    filterset_fields = {"result": ["exact"], "kind": ["exact"], "is_temporary": ["exact"]}
    ordering = "started_at"
    ordering_fields = ("started_at", "id")

    def get_queryset(self) -> QuerySet[AppliedMitigation]:
        """Give those of the incident that the path names, if this person may see it."""
        if getattr(self, "swagger_fake_view", False):
            return AppliedMitigation.objects.order_by("started_at", "pk")
        return queries.applied(self.person, self._incident()).select_related("incident")

    def _incident(self) -> Incident:
        return lifecycle.get(self.person, self.kwargs["incident"])

    @extend_schema(parameters=[INCIDENT], responses=MitigationOut(many=True), filters=False)
    @action(detail=False, methods=["get"], pagination_class=None)
    def offered(self, request: Request, incident: str) -> Response:
        """Give what can be tried on the affected services, rolling back first."""
        found = queries.offered(self.person, self._incident())
        return Response(MitigationOut(found, many=True).data)

    @extend_schema(parameters=[INCIDENT], request=BeginIn, responses={201: AppliedMitigationOut})
    def create(self, request: Request, incident: str) -> Response:
        """Note that somebody tries one; what runs already goes on."""
        data, found = self.read(BeginIn), self._incident()
        chosen = data.pop("mitigation", None)
        if chosen is not None:
            data["mitigation"] = next(
                (row for row in queries.offered(self.person, found) if str(row.pk) == chosen), None
            )
            if data["mitigation"] is None:
                raise Http404
        return self.created(operations.begin(found, **data, actor=self.person))

    @extend_schema(parameters=[INCIDENT], request=EndIn, responses=AppliedMitigationOut)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, incident: str, ref: str) -> Response:
        """Say what came of it."""
        return self.answer(operations.end(self.get_object(), **self.read(EndIn), actor=self.person))

    @extend_schema(parameters=[INCIDENT], request=None, responses=AppliedMitigationOut)
    @action(detail=True, methods=["post"])
    def undo(self, request: Request, incident: str, ref: str) -> Response:
        """Say that it is undone."""
        return self.answer(operations.undo(self.get_object(), actor=self.person))

    @extend_schema(parameters=[INCIDENT], request=KeepIn, responses=AppliedMitigationOut)
    @action(detail=True, methods=["post"])
    def keep(self, request: Request, incident: str, ref: str) -> Response:
        """Keep it on purpose: why, and who answers for it."""
        return self.answer(operations.keep(self.get_object(), **self.read(KeepIn), actor=self.person))
