"""`services/`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from core.accounts import queries as people
from core.accounts.models import Team
from core.accounts.policy import Verb, require
from core.api.fields import Id, SlugOrId, Time
from core.api.permissions import Configures
from core.api.schema import takes
from core.api.views import Lists, Shows, ViewSet
from incidents.catalog import operations, queries, registry
from incidents.catalog.api.radius import RadiusOut
from incidents.catalog.models import LinkKind, Service, ServiceKind, ServiceLink, Tier

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request


class LinkOut(serializers.ModelSerializer[ServiceLink]):
    """Something to open when the service is in trouble."""

    class Meta:
        model = ServiceLink
        fields = ("kind", "label", "url")


class ServiceOut(serializers.ModelSerializer[Service]):
    """A service. `status` is how it does as far as the reader may know."""

    id = Id()
    team = serializers.CharField(source="team.slug", read_only=True)
    experts = serializers.SerializerMethodField()
    depends_on = serializers.SerializerMethodField()
    links = serializers.SerializerMethodField()
    runbooks = serializers.SerializerMethodField()
    status = serializers.SerializerMethodField()
    url = serializers.SerializerMethodField()

    class Meta:
        model = Service
        fields = (
            "id",
            "slug",
            "name",
            "kind",
            "description",
            "customers_say",
            "tier",
            "is_being_replaced",
            "team",
            "experts",
            "depends_on",
            "links",
            "runbooks",
            "status",
            "is_active",
            "url",
        )
        read_only_fields = fields

    def get_experts(self, service: Service) -> list[str]:
        """Give who is named for it."""
        return sorted((str(row.pk) for row in service.experts.all()), key=int)

    def get_depends_on(self, service: Service) -> list[str]:
        """Give the slugs of what it depends on."""
        return sorted(row.slug for row in service.depends_on.all())

    def get_links(self, service: Service) -> list[dict[str, str]]:
        """Give its links but the runbooks."""
        return [_link(row) for row in service.links.all() if row.kind != LinkKind.RUNBOOK]

    def get_runbooks(self, service: Service) -> list[dict[str, str]]:
        """Give its runbooks: those that are written here, then links to others."""
        own = self._known("runbooks", registry.runbooks).get(service.pk, ())
        here = [{"kind": "runbook", "label": row.label, "url": settings.BASE_URL + row.url} for row in own]
        return [*here, *(_link(row) for row in service.links.all() if row.kind == LinkKind.RUNBOOK)]

    def get_status(self, service: Service) -> str:
        """Give its state."""
        known = self._known("situations", registry.situations)
        return str(known.get(service.pk, registry.Situation()).state)

    def _known(self, what: str, find: Any) -> Any:
        """Ask once for all services of this answer."""
        known: Any = self.context
        if what not in known:
            rows = self.parent.instance if self.parent is not None else [self.instance]
            known[what] = find(known["request"].user, [row.pk for row in rows or [] if row is not None])
        return known[what]

    def get_url(self, service: Service) -> str:
        """Give the service's page."""
        return settings.BASE_URL + reverse("incidents:service", args=[service.slug])


def _link(row: ServiceLink) -> dict[str, str]:
    return {"kind": row.kind, "label": row.label, "url": row.url}


class LinkIn(serializers.Serializer[Any]):
    """A link of a service."""

    kind = serializers.ChoiceField(choices=LinkKind.choices, default=LinkKind.DOCUMENT)
    label = serializers.CharField(max_length=80)  # type: ignore[assignment]
    url = serializers.URLField(max_length=500)


class ServiceIn(serializers.Serializer[Any]):
    """What is known of a service."""

    name = serializers.CharField(max_length=80)
    slug = serializers.SlugField(max_length=60, required=False)
    team = SlugOrId(Team.objects.visible_to)
    description = serializers.CharField(required=False, allow_blank=True, max_length=5000)
    kind = serializers.ChoiceField(choices=ServiceKind.choices, required=False)
    customers_say = serializers.CharField(
        required=False, allow_blank=True, max_length=200, help_text="When it fails, in their words."
    )
    tier = serializers.ChoiceField(choices=Tier.choices, required=False)
    is_being_replaced = serializers.BooleanField(required=False)
    experts = serializers.ListField(
        child=SlugOrId(lambda _: people.people(), slug=None), required=False, max_length=20
    )
    depends_on = serializers.ListField(
        child=SlugOrId(Service.objects.visible_to), required=False, max_length=100
    )
    links = serializers.ListField(child=LinkIn(), required=False, max_length=50)


class ServiceChange(ServiceIn):
    """What changes; the rest stays."""

    name = serializers.CharField(max_length=80, required=False)
    team = SlugOrId(Team.objects.visible_to, required=False)
    slug = None  # type: ignore[assignment]
    is_active = serializers.BooleanField(required=False)


class OnCallOut(serializers.Serializer[Any]):
    """Who is asked at one level of the service's policy."""

    level = serializers.IntegerField()
    schedule = serializers.CharField(allow_null=True)
    users = serializers.ListField(child=serializers.CharField())
    until = Time(allow_null=True)


class ServiceViewSet(Lists, Shows, ViewSet):
    """What the company runs, who owns it and what it depends on."""

    permission_classes = (Configures,)
    serializer_class = ServiceOut
    references = ["slug"]
    search_fields = ("name", "slug", "description")
    filterset_fields = ("kind", "tier", "is_being_replaced", "is_active", "team__slug")
    ordering = "name"
    ordering_fields = ("name", "tier", "id")

    def get_queryset(self) -> QuerySet[Service, Any]:
        """Give the services this person may know of."""
        found = Service.objects.visible_to(self.person).select_related("team")
        return found.prefetch_related("depends_on", "experts", "links")

    @takes(ServiceIn, ServiceOut, status=201)
    def create(self, request: Request) -> Response:
        """Add a service to a team."""
        data = self.read(ServiceIn)
        require(self.person, Verb.CONFIGURE, data["team"])
        return self.created(operations.create_service(**data))

    @takes(ServiceChange, ServiceOut)
    def partial_update(self, request: Request, ref: str) -> Response:
        """Change what is known of a service."""
        service = self.get_object()
        data = self.read(ServiceChange)
        if "team" in data:
            require(self.person, Verb.CONFIGURE, data["team"])
        return self.answer(operations.change_service(service, changes=data))

    @takes(gives=ServiceOut(many=True))
    @action(detail=True, methods=["get"])
    def dependents(self, request: Request, ref: str) -> Response:
        """Give what depends on this service."""
        wanted = self.get_object()
        found = self.paginate_queryset(self.get_queryset().filter(depends_on=wanted))
        return self.get_paginated_response(self.get_serializer(found, many=True).data)

    @takes(gives=RadiusOut, filters=False)
    @action(detail=True, methods=["get"], url_path="blast-radius", pagination_class=None)
    def blast_radius(self, request: Request, ref: str) -> Response:
        """Give what may feel it when this service fails, what may be the cause, and what customers would notice."""
        return Response(RadiusOut(queries.radius(self.person, [self.get_object()])).data)

    @takes(
        gives=OnCallOut(many=True),
        parameters=[OpenApiParameter("at", datetime, description="Default: now.")],
        filters=False,
    )
    @action(detail=True, methods=["get"], url_path="on-call", pagination_class=None)
    def on_call(self, request: Request, ref: str) -> Response:
        """Give who is on call for this service now, or at `at`, level by level."""
        service = self.get_object()
        given = request.query_params.get("at")
        at = Time().run_validation(given) if given else None
        return Response(OnCallOut(registry.on_call(self.person, service, at), many=True).data)
