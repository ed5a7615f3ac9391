"""`integrations/`: the sources of signals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from rest_framework import serializers
from rest_framework.decorators import action

from core.accounts.policy import Verb, require
from core.api.fields import Id, SlugOrId, Time
from core.api.once import ShownOnce
from core.api.permissions import Configures
from core.api.schema import takes
from core.api.views import Lists, Shows, ViewSet
from incidents.catalog.models import Service
from oncall.alerts import operations, queries
from oncall.alerts.models import Integration, Kind

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request
    from rest_framework.response import Response


class IntegrationOut(serializers.ModelSerializer[Integration]):
    """A source. `key` is there only in the answer that made it; `url` is where to post to."""

    id = Id()
    service = serializers.CharField(source="service.slug", default=None, allow_null=True, read_only=True)
    key = serializers.SerializerMethodField()
    url = serializers.SerializerMethodField()
    created_at = Time(read_only=True)
    last_signal_at = Time(read_only=True)

    class Meta:
        model = Integration
        fields: ClassVar[list[str]] = [
            "id",
            "kind",
            "name",
            "service",
            "key",
            "url",
            "is_active",
            "created_at",
            "last_signal_at",
        ]
        read_only_fields = fields

    def get_key(self, integration: Integration) -> str | None:
        """Give the key if it was made just now."""
        key: str | None = self.context.get("key")
        return key

    def get_url(self, integration: Integration) -> str:
        """Give the address; without the key it works with the key as bearer token."""
        return queries.how_to(integration, self.get_key(integration) or "-").url


class IntegrationIn(serializers.Serializer[Any]):
    """A new source."""

    kind = serializers.ChoiceField(choices=Kind.choices)
    name = serializers.CharField(max_length=80)
    service = SlugOrId(Service.objects.visible_to, required=False, allow_null=True, default=None)


class IntegrationChange(serializers.Serializer[Any]):
    """What changes; the rest stays."""

    name = serializers.CharField(max_length=80, required=False)
    service = SlugOrId(Service.objects.visible_to, required=False, allow_null=True)
    is_active = serializers.BooleanField(required=False)


class Integrations(Lists, Shows, ViewSet):
    """Where signals come from, each with a key of its own."""

    permission_classes = (Configures,)
    serializer_class = IntegrationOut
    search_fields: ClassVar[list[str]] = ["name"]
    filterset_fields: ClassVar[list[str]] = ["kind", "is_active"]
    ordering = "id"
    ordering_fields: ClassVar[list[str]] = ["id", "name", "created_at"]

    def get_queryset(self) -> QuerySet[Integration]:
        """Give the sources this person may know of."""
        return Integration.objects.visible_to(self.person).select_related("service__team")

    @takes(IntegrationIn, IntegrationOut, status=201)
    def create(self, request: Request) -> Response:
        """Add a source. Its key is in this answer and never again."""
        data = self.read(IntegrationIn)
        require(self.person, Verb.CONFIGURE, data["service"].team if data["service"] else None)
        integration, key = operations.create_integration(**data, actor=self.person)
        return self._with_key(integration, key, status=201)

    @takes(IntegrationChange, IntegrationOut)
    def partial_update(self, request: Request, ref: str) -> Response:
        """Change its name or service, turn it off or on."""
        integration = self._mine()
        data = self.read(IntegrationChange)
        if service := data.get("service"):
            require(self.person, Verb.CONFIGURE, service.team)
        if "is_active" in data and data["is_active"] != integration.is_active:
            switch = operations.activate if data["is_active"] else operations.deactivate
            switch(integration, actor=self.person)
        if data.keys() & {"name", "service"}:
            operations.change_integration(
                integration,
                name=data.get("name", integration.name),
                service=data.get("service", integration.service),
                actor=self.person,
            )
        return self.answer(integration)

    @takes(None, IntegrationOut)
    @action(detail=True, methods=["post"])
    def rotate(self, request: Request, ref: str) -> Response:
        """Replace its key; the old one is refused from now on."""
        integration = self._mine()
        return self._with_key(integration, operations.rotate_key(integration, actor=self.person))

    @takes(None, IntegrationOut)
    @action(detail=True, methods=["post"])
    def test(self, request: Request, ref: str) -> Response:
        """Send a test event the real way: whoever is on call for it is paged."""
        integration = self._mine()
        operations.send_test(integration, actor=self.person)
        return self.answer(integration)

    def _mine(self) -> Integration:
        integration: Integration = self.get_object()
        require(self.person, Verb.CONFIGURE, queries.team_of(integration))
        return integration

    def _with_key(self, integration: Integration, key: str, *, status: int = 200) -> Response:
        fresh = self.get_queryset().get(pk=integration.pk)
        data = IntegrationOut(fresh, context={**self.get_serializer_context(), "key": key}).data
        return ShownOnce(dict(data), once=("key", "url"), status=status)
