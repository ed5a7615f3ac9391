"""`service-imports/`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from core.accounts.models import Team
from core.api.fields import SlugOrId
from core.api.permissions import Configures
from core.api.views import ViewSet
from incidents.inventory import operations
from incidents.inventory.queries import What

if TYPE_CHECKING:
    from rest_framework.request import Request


class ServiceImportIn(serializers.Serializer[Any]):
    """A file. Without `confirm` nothing changes; `seen` imports only what a plan with that fingerprint showed."""

    document = serializers.CharField(
        trim_whitespace=False, help_text="YAML: Watchbill's own, or Backstage's."
    )
    team = SlugOrId(
        Team.objects.visible_to, required=False, help_text="Owns what names no team that is here."
    )
    confirm = serializers.BooleanField(required=False, default=False)
    seen = serializers.CharField(required=False, allow_blank=True, max_length=64, default="")


class ServiceStepOut(serializers.Serializer[Any]):
    """One entry of the file: on which line it begins, and what becomes of it."""

    line = serializers.IntegerField(source="entry.line")
    ref = serializers.CharField(source="entry.ref")
    name = serializers.CharField()
    slug = serializers.CharField()
    what = serializers.ChoiceField(choices=[what.value for what in What])
    says = serializers.ListField(child=serializers.CharField())
    left_out = serializers.ListField(child=serializers.CharField())


class ServiceImportOut(serializers.Serializer[Any]):
    """What an import does, or did."""

    fingerprint = serializers.CharField()
    counts = serializers.DictField(child=serializers.IntegerField())
    steps = ServiceStepOut(many=True)


class ServiceImports(ViewSet):
    """Services and teams from a file. The same file again changes nothing."""

    permission_classes = (Configures,)
    serializer_class = ServiceImportOut
    pagination_class = None  # type: ignore[assignment]
    filter_backends = ()  # type: ignore[assignment]

    @extend_schema(request=ServiceImportIn, responses=ServiceImportOut)
    def create(self, request: Request) -> Response:
        """Show what a file would do, or with `confirm` do it."""
        data = self.read(ServiceImportIn)
        is_final, seen = data.pop("confirm"), data.pop("seen")
        found = (
            operations.bring_in(**data, seen=seen, actor=self.person)
            if is_final
            else operations.plan(**data, actor=self.person)
        )
        return Response(ServiceImportOut(found).data)
