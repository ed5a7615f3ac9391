"""`routes/`: which service and policy an alert belongs to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils import timezone
from rest_framework import serializers
from rest_framework.response import Response

from core.api.fields import Id, SlugOrId, Time
from core.api.permissions import Configures, Responds
from core.api.schema import takes
from core.api.views import Lists, Shows, ViewSet
from incidents.catalog.models import Service
from incidents.severities.models import Severity
from oncall.alerts import parsers
from oncall.alerts.models import Integration, Nature, Urgency
from oncall.escalation.models import Policy
from oncall.matching import rules as matching
from oncall.routing import operations, queries
from oncall.routing.models import Route

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request


class ConditionIn(serializers.Serializer[Any]):
    """What must hold of a label."""

    # `label` is an attribute of every field, so this one gets its name in `get_fields`.
    op = serializers.ChoiceField(choices=matching.OPERATORS, default="equals")
    value = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Put `label` first."""
        return {"label": serializers.CharField(max_length=200), **super().get_fields()}


class RouteOut(serializers.ModelSerializer[Route]):
    """A route. The first one whose conditions all hold decides; without conditions it holds for everything.

    `nature` marks its alerts as `symptom` or `cause`, "" as their label says. A cause is recorded and pages nobody,
    unless `pages_causes`.
    """

    id = Id()
    match = ConditionIn(many=True, read_only=True)
    integration = serializers.CharField(source="integration_id", allow_null=True, read_only=True)
    service = serializers.CharField(source="service.slug", default=None, allow_null=True, read_only=True)
    policy = serializers.CharField(source="policy.slug", default=None, allow_null=True, read_only=True)
    urgency = serializers.CharField(read_only=True, help_text='high, low, or "" where the alert says it.')
    nature = serializers.CharField(read_only=True, help_text='symptom, cause, or "" where the label says it.')
    declares = serializers.CharField(
        source="declares.slug",
        default=None,
        allow_null=True,
        read_only=True,
        help_text="The severity of which a new alert is made an incident.",
    )

    class Meta:
        model = Route
        fields: ClassVar[list[str]] = [
            "id",
            "position",
            "name",
            "integration",
            "match",
            "service",
            "policy",
            "urgency",
            "nature",
            "pages_causes",
            "declares",
            "is_active",
        ]
        read_only_fields = fields


class RouteIn(serializers.Serializer[Any]):
    """A route as it should be. Without `position` a new one is tried last."""

    name = serializers.CharField(max_length=80, required=False, allow_blank=True)
    match = ConditionIn(many=True, required=False)
    integration = SlugOrId(Integration.objects.visible_to, slug=None, required=False, allow_null=True)
    service = SlugOrId(Service.objects.visible_to, required=False, allow_null=True)
    policy = SlugOrId(lambda _: Policy.objects.all(), required=False, allow_null=True)
    urgency = serializers.ChoiceField(choices=Urgency.choices, required=False, allow_blank=True)
    nature = serializers.ChoiceField(choices=Nature.choices, required=False, allow_blank=True)
    pages_causes = serializers.BooleanField(required=False)
    declares = SlugOrId(Severity.objects.visible_to, required=False, allow_null=True)
    position = serializers.IntegerField(min_value=0, max_value=10_000, required=False)
    is_active = serializers.BooleanField(required=False)

    def validate_match(self, value: list[dict[str, str]]) -> list[dict[str, str]]:
        """Refuse what could never hold, and patterns that could take too long."""
        try:
            matching.check([dict(item) for item in value])
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from error
        return [dict(item) for item in value]


class SimulateIn(serializers.Serializer[Any]):
    """A signal as a source would send it: of an integration, or of some source of a kind. `at` is now by default."""

    integration = SlugOrId(Integration.objects.visible_to, slug=None, required=False, allow_null=True)
    kind = serializers.ChoiceField(choices=parsers.KINDS, required=False)
    payload = serializers.JSONField()
    at = Time(required=False)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """Want one of the two."""
        if bool(data.get("integration")) == bool(data.get("kind")):
            raise serializers.ValidationError("Name an integration or a kind.")
        return data


class SimulatedAlert(serializers.Serializer[Any]):
    """The alert that the payload would open, its first one where it holds several."""

    action = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    severity = serializers.CharField()
    urgency = serializers.CharField()
    labels = serializers.DictField(child=serializers.CharField())
    annotations = serializers.DictField(child=serializers.CharField())
    dedup_key = serializers.CharField()


class SimulatedRoute(serializers.Serializer[Any]):
    """Where the alert goes and why; `not_paged` is why nobody is asked, "" where somebody is.

    `declares` is the severity of which it is made an incident.
    """

    service = serializers.CharField(source="service.slug", default=None, allow_null=True)
    policy = serializers.CharField(source="policy.slug", default=None, allow_null=True)
    urgency = serializers.CharField(source="decision.urgency")
    why = serializers.CharField(source="decision.why")
    nature = serializers.CharField(source="decision.nature")
    not_paged = serializers.CharField(source="decision.not_paged")
    declares = serializers.CharField(source="declares.slug", default=None, allow_null=True)


class SimulatedLine(serializers.Serializer[Any]):
    """Somebody told something, or why nobody is (`user` null). `level` null: everybody was asked, it gives up."""

    at = Time()
    level = serializers.IntegerField(allow_null=True)
    user = serializers.CharField(source="person.id", default=None, allow_null=True)
    name = serializers.CharField(source="person.name", default=None, allow_null=True)
    channel = serializers.CharField(allow_null=True)
    recipients = serializers.IntegerField(help_text="How many people its level wakes together in that pass.")
    why = serializers.CharField()


class SimulateOut(serializers.Serializer[Any]):
    """What would become of the payload if nobody acknowledged. Without an alert in it all of it is empty."""

    alert = SimulatedAlert(allow_null=True)
    route = SimulatedRoute(allow_null=True)
    policy = serializers.CharField(source="policy.slug", default=None, allow_null=True)
    timeline = SimulatedLine(many=True)


class Simulate(ViewSet):
    """Try a payload: which alert, route and policy, and who is told what and when. Nothing is written or sent."""

    permission_classes = (Responds,)
    serializer_class = SimulateOut
    queryset = Route.objects.none()

    @takes(SimulateIn, SimulateOut)
    def create(self, request: Request) -> Response:
        """Say what would become of a payload."""
        data = self.read(SimulateIn)
        source = data.get("integration")
        found = queries.simulate(
            json.dumps(data["payload"]).encode(),
            kind=source.kind if source else data["kind"],
            source=source,
            at=data.get("at") or timezone.now(),
        )
        return Response(SimulateOut(found).data)


class Routes(Lists, Shows, ViewSet):
    """Tried in order of their position."""

    permission_classes = (Configures,)
    serializer_class = RouteOut
    filterset_fields: ClassVar[list[str]] = [
        "is_active",
        "nature",
        "pages_causes",
        "service__slug",
        "policy__slug",
        "integration",
    ]
    ordering = "position"
    ordering_fields: ClassVar[list[str]] = ["position", "id"]

    def get_queryset(self) -> QuerySet[Route]:
        """Give the routes this person may know of."""
        return queries.routes(self.person)

    @takes(RouteIn, RouteOut, status=201)
    def create(self, request: Request) -> Response:
        """Add a route; it counts from the next alert on."""
        data = self.read(RouteIn)
        self._require(data)
        return self.created(operations.create_route(actor=self.person, **data))

    @takes(RouteIn, RouteOut)
    def update(self, request: Request, ref: str) -> Response:
        """Replace a route: what is left out is empty."""
        blank: dict[str, Any] = {
            "name": "",
            "match": [],
            "integration": None,
            "service": None,
            "policy": None,
            "urgency": "",
            "nature": "",
            "pages_causes": False,
            "declares": None,
        }
        return self._change({**blank, "is_active": True, **self.read(RouteIn)})

    @takes(RouteIn, RouteOut)
    def partial_update(self, request: Request, ref: str) -> Response:
        """Change some of a route."""
        return self._change(self.read(RouteIn))

    @takes(status=204)
    def destroy(self, request: Request, ref: str) -> Response:
        """Remove a route."""
        operations.remove_route(self._mine(), actor=self.person)
        return Response(status=204)

    def _change(self, data: dict[str, Any]) -> Response:
        route = self._mine()
        self._require(data)
        return self.answer(operations.change_route(route, actor=self.person, **data))

    def _mine(self) -> Route:
        route: Route = self.get_object()
        self._require({"service": route.service, "policy": route.policy})
        return route

    def _require(self, data: dict[str, Any]) -> None:
        queries.require(self.person, service=data.get("service"), policy=data.get("policy"))
