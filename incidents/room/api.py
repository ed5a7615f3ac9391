"""`incidents/`, its verbs, its updates and its timeline."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import django_filters
from django.conf import settings
from django.urls import reverse
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from core.accounts import queries as people
from core.api.fields import Seconds, SlugOrId, Time
from core.api.permissions import Pages, Responds
from core.api.schema import takes
from core.api.views import Lists, Shows, ViewSet
from incidents.catalog.models import Service
from incidents.lifecycle import operations, queries, registry
from incidents.lifecycle.models import EntryKind, Incident, Outcome, TimelineEntry
from incidents.lifecycle.rules import ACTIVE, TIMES, Status
from incidents.severities import queries as severities
from incidents.updates import operations as updates
from incidents.updates import queries as update_queries
from incidents.updates.models import Audience, Update

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request


STATUSES = [status.value for status in Status]
WRITTEN = [EntryKind.NOTE.value, EntryKind.DECISION.value, EntryKind.ACTION.value, EntryKind.HYPOTHESIS.value]
LONG = 20_000


class SeverityField(serializers.CharField):
    """A severity by slug, label, name, alias or rank; written as its slug."""

    def to_internal_value(self, data: Any) -> Any:
        """Give the level that is meant."""
        word = super().to_internal_value(data)
        found = severities.find(word)
        if found is None:
            known = ", ".join(level.slug for level in severities.levels())
            raise serializers.ValidationError(f"There is no severity “{word}”. Known: {known}.")
        return found

    def to_representation(self, value: Any) -> str:
        """Give the slug."""
        return str(value.slug)


class RoleOut(serializers.Serializer[Any]):
    """Who holds a role, by the person's id."""

    role = serializers.CharField(source="role.slug")
    user = serializers.CharField(source="user_id")
    name = serializers.CharField(source="user.name")
    since = Time(source="started_at")


class IncidentOut(serializers.ModelSerializer[Incident]):
    """An incident. `number` is INC-12; people are named by id."""

    id = serializers.CharField(source="number", read_only=True)
    number = serializers.CharField(source="__str__", read_only=True)
    severity = serializers.CharField(source="severity.slug", read_only=True)
    services = serializers.SerializerMethodField()
    outcome = serializers.CharField(read_only=True)
    declared_by = serializers.CharField(source="declared_by_id", allow_null=True, read_only=True)
    commander = serializers.SerializerMethodField()
    roles = serializers.SerializerMethodField()
    url = serializers.SerializerMethodField()
    started_at = Time(read_only=True, allow_null=True)
    detected_at = Time(read_only=True, allow_null=True)
    acknowledged_at = Time(read_only=True, allow_null=True)
    declared_at = Time(read_only=True)
    identified_at = Time(read_only=True, allow_null=True)
    mitigated_at = Time(read_only=True, allow_null=True)
    resolved_at = Time(read_only=True, allow_null=True)
    closed_at = Time(read_only=True, allow_null=True)
    next_update_due_at = Time(read_only=True, allow_null=True)
    last_update_at = Time(read_only=True, allow_null=True)
    update_every_seconds = serializers.SerializerMethodField()

    class Meta:
        model = Incident
        fields = (
            "id",
            "number",
            "title",
            "status",
            "severity",
            "services",
            "private",
            "drill",
            "trigger",
            "outcome",
            "declared_by",
            "commander",
            "roles",
            "summary",
            "impact",
            "hypothesis",
            "hypothesis_confirmed",
            "next_decision",
            "blast_radius",
            "recent_changes",
            "who_else",
            *TIMES,
            "next_update_due_at",
            "last_update_at",
            "update_every_seconds",
            "reopened",
            "version",
            "url",
        )
        read_only_fields = fields

    def get_services(self, incident: Incident) -> list[str]:
        """Give the slugs of the affected services."""
        return sorted(row.slug for row in incident.affected)  # type: ignore[attr-defined]

    def get_commander(self, incident: Incident) -> str | None:
        """Give the id of who commands."""
        return next((str(row.user_id) for row in incident.held if row.role.is_commander), None)  # type: ignore[attr-defined]

    def get_roles(self, incident: Incident) -> list[dict[str, Any]]:
        """Give who holds which role now."""
        return list(RoleOut(incident.held, many=True).data)  # type: ignore[attr-defined]

    def get_update_every_seconds(self, incident: Incident) -> int | None:
        """Give the rhythm of updates: as agreed, else by severity."""
        return operations.rhythm(incident)

    def get_url(self, incident: Incident) -> str:
        """Give the incident's room."""
        return settings.BASE_URL + reverse("incidents:room", args=[incident.number])


class Picture(serializers.Serializer[Any]):
    """What may be known at the beginning and be put right later."""

    summary = serializers.CharField(required=False, allow_blank=True, max_length=LONG)
    impact = serializers.CharField(required=False, allow_blank=True, max_length=LONG)
    blast_radius = serializers.CharField(required=False, allow_blank=True, max_length=LONG)
    recent_changes = serializers.CharField(required=False, allow_blank=True, max_length=LONG)
    who_else = serializers.CharField(required=False, allow_blank=True, max_length=LONG)


class IncidentIn(Picture):
    """An incident to declare. A title is enough; without a severity it gets the second worst."""

    title = serializers.CharField(max_length=200)
    severity = SeverityField(required=False)
    services = serializers.ListField(
        child=SlugOrId(Service.objects.visible_to), required=False, max_length=100
    )
    private = serializers.BooleanField(required=False)
    drill = serializers.BooleanField(required=False)
    started_at = Time(required=False, allow_null=True)
    detected_at = Time(required=False, allow_null=True)


class Correction(Picture):
    """Corrections; what is not named stays. Each corrected time is kept with the old one."""

    title = serializers.CharField(max_length=200, required=False)
    hypothesis = serializers.CharField(required=False, allow_blank=True, max_length=LONG)
    next_decision = serializers.CharField(required=False, allow_blank=True, max_length=LONG)
    started_at = Time(required=False, allow_null=True)
    detected_at = Time(required=False, allow_null=True)
    acknowledged_at = Time(required=False, allow_null=True)
    declared_at = Time(required=False)
    identified_at = Time(required=False, allow_null=True)
    mitigated_at = Time(required=False, allow_null=True)
    resolved_at = Time(required=False, allow_null=True)
    closed_at = Time(required=False, allow_null=True)
    services = serializers.ListField(
        child=SlugOrId(Service.objects.visible_to), required=False, max_length=100
    )
    update_every_seconds = Seconds(required=False, allow_null=True, min_value=60, max_value=7 * 86400)


class StatusIn(serializers.Serializer[Any]):
    """A step; `at` is when it really happened."""

    status = serializers.ChoiceField(choices=STATUSES)
    reason = serializers.CharField(required=False, allow_blank=True, max_length=2000)
    at = Time(required=False, allow_null=True)


class ResolveIn(serializers.Serializer[Any]):
    """Why it is over, and since when."""

    reason = serializers.CharField(required=False, allow_blank=True, max_length=2000)
    at = Time(required=False, allow_null=True)


class ReopenIn(serializers.Serializer[Any]):
    """Why it is open again."""

    reason = serializers.CharField(max_length=2000)


class CloseIn(serializers.Serializer[Any]):
    """Why it is closed; an `outcome` closes an open incident that was none."""

    reason = serializers.CharField(required=False, allow_blank=True, max_length=2000)
    outcome = serializers.ChoiceField(choices=Outcome.choices, required=False, allow_blank=True)


class SeverityIn(serializers.Serializer[Any]):
    """The new level and why."""

    severity = SeverityField()
    reason = serializers.CharField(max_length=2000)


class RoleIn(serializers.Serializer[Any]):
    """Who takes which role; a person by id."""

    role = serializers.CharField(max_length=20)
    user = SlugOrId(lambda _: people.people(), slug=None)


class HandoverIn(serializers.Serializer[Any]):
    """Who takes command; without a briefing they get the current picture."""

    user = SlugOrId(lambda _: people.people(), slug=None)
    briefing = serializers.CharField(required=False, allow_blank=True, max_length=LONG)


class PageIn(serializers.Serializer[Any]):
    """Exactly one of user, schedule, team and policy, and what to say to them."""

    user = serializers.CharField(required=False, max_length=80)
    schedule = serializers.CharField(required=False, max_length=80)
    team = serializers.CharField(required=False, max_length=80)
    policy = serializers.CharField(required=False, max_length=80)
    message = serializers.CharField(required=False, allow_blank=True, max_length=1000)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """Find whom to page."""
        kinds = [kind for kind in ("user", "schedule", "team", "policy") if data.get(kind)]
        if len(kinds) != 1:
            raise ValidationError("Name exactly one of user, schedule, team and policy.")
        found = registry.find(self.context["request"].user, kinds[0], data[kinds[0]])
        if found is None:
            raise ValidationError({kinds[0]: [f"There is no {kinds[0]} “{data[kinds[0]]}”."]})
        return {"target": found, "message": data.get("message", "")}


class UpdateOut(serializers.ModelSerializer[Update]):
    """A written update."""

    id = serializers.CharField(source="pk", read_only=True)
    author = serializers.CharField(source="author_id", allow_null=True, read_only=True)
    published_at = Time(read_only=True)
    next_update_due_at = Time(read_only=True, allow_null=True)
    next_update_in_seconds = serializers.IntegerField(read_only=True, allow_null=True)
    components = serializers.DictField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = Update
        fields = (
            "id",
            "audience",
            "status",
            "text",
            "public_title",
            "components",
            "no_news",
            "next_update_in_seconds",
            "next_update_due_at",
            "author",
            "published_at",
        )
        read_only_fields = fields


class UpdateIn(serializers.Serializer[Any]):
    """An update to publish. A later `status` moves the incident along; `no_news` needs no text."""

    audience = serializers.ChoiceField(choices=Audience.choices)
    text = serializers.CharField(required=False, allow_blank=True, max_length=LONG)
    status = serializers.ChoiceField(choices=STATUSES, required=False)
    components = serializers.DictField(child=serializers.CharField(max_length=40), required=False)
    public_title = serializers.CharField(required=False, allow_blank=True, max_length=200)
    next_update_in_seconds = Seconds(required=False, allow_null=True, min_value=60, max_value=7 * 86400)
    no_news = serializers.BooleanField(required=False)


class EntryOut(serializers.ModelSerializer[TimelineEntry]):
    """Something that happened: `at` is when, `recorded_at` when it was written down."""

    id = serializers.CharField(source="pk", read_only=True)
    actor = serializers.CharField(source="actor_id", allow_null=True, read_only=True)
    actor_name = serializers.CharField(source="actor.name", default=None, allow_null=True, read_only=True)
    at = Time(read_only=True)
    recorded_at = Time(read_only=True)
    data = serializers.DictField(read_only=True)  # type: ignore[assignment]

    class Meta:
        model = TimelineEntry
        fields = ("id", "kind", "text", "actor", "actor_name", "at", "recorded_at", "data")
        read_only_fields = fields


class EntryIn(serializers.Serializer[Any]):
    """An entry to add; `at` may lie in the past. A hypothesis of now becomes the working one."""

    kind = serializers.ChoiceField(choices=WRITTEN)
    text = serializers.CharField(max_length=LONG)
    at = Time(required=False, allow_null=True)


class IncidentFilter(django_filters.FilterSet):  # type: ignore[misc]
    """`?active=true` leaves out what is resolved or closed."""

    active = django_filters.BooleanFilter(method="by_activity")
    severity = django_filters.CharFilter(method="by_severity")
    service = django_filters.CharFilter(field_name="services__slug", distinct=True)
    status = django_filters.ChoiceFilter(choices=[(status, status) for status in STATUSES])

    class Meta:
        model = Incident
        fields = ("active", "status", "severity", "service", "private", "drill")

    def by_activity(self, found: QuerySet[Incident], _name: str, active: bool) -> QuerySet[Incident]:  # noqa: FBT001
        """Give what is open, or what is over."""
        return found.filter(status__in=ACTIVE) if active else found.exclude(status__in=ACTIVE)

    def by_severity(self, found: QuerySet[Incident], _name: str, word: str) -> QuerySet[Incident]:
        """Give one level, by whatever people call it."""
        level = severities.find(word)
        return found.filter(severity=level) if level else found.none()


class IncidentViewSet(Lists, Shows, ViewSet):
    """Incidents, as far as the person may know of them: a private one only when they take part."""

    permission_classes = (Responds,)
    serializer_class = IncidentOut
    references = ["number"]
    filterset_class: Any = IncidentFilter
    search_fields = ("title", "summary", "impact")
    ordering = "-declared_at"
    ordering_fields = ("number", "declared_at", "resolved_at", "id")

    def get_queryset(self) -> QuerySet[Incident, Any]:
        """Give the incidents this person may know of, with services and roles."""
        return queries.with_people(queries.seen(self.person))

    @takes(IncidentIn, IncidentOut, status=HTTPStatus.CREATED)
    def create(self, request: Request) -> Response:
        """Declare an incident: the caller commands it, and people are paged where the severity says so."""
        return self.created(operations.declare(**self.read(IncidentIn), actor=self.person))

    @takes(Correction, IncidentOut)
    def partial_update(self, request: Request, ref: str) -> Response:
        """Correct texts and times, name the affected services, agree on another rhythm of updates."""
        incident, data = self.get_object(), self.read(Correction)
        if "services" in data:
            operations.set_services(incident, services=data.pop("services"), actor=self.person)
        if "update_every_seconds" in data:
            operations.agree_rhythm(incident, seconds=data.pop("update_every_seconds"), actor=self.person)
        return self.answer(operations.correct(incident, changes=data, actor=self.person))

    @takes(StatusIn, IncidentOut)
    @action(detail=True, methods=["post"])
    def status(self, request: Request, ref: str) -> Response:
        """Take the incident to another state."""
        incident, data = self.get_object(), self.read(StatusIn)
        return self.answer(operations.move(incident, to=data.pop("status"), **data, actor=self.person))

    @takes(ResolveIn, IncidentOut)
    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, ref: str) -> Response:
        """Say that the service works again."""
        incident, data = self.get_object(), self.read(ResolveIn)
        return self.answer(operations.resolve(incident, **data, actor=self.person))

    @takes(ReopenIn, IncidentOut)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, ref: str) -> Response:
        """Make a resolved or closed incident active again."""
        incident, data = self.get_object(), self.read(ReopenIn)
        return self.answer(operations.reopen(incident, **data, actor=self.person))

    @takes(CloseIn, IncidentOut)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, ref: str) -> Response:
        """End a resolved incident, or one that was none."""
        incident, data = self.get_object(), self.read(CloseIn)
        return self.answer(operations.close(incident, **data, actor=self.person))

    @takes(SeverityIn, IncidentOut)
    @action(detail=True, methods=["post"])
    def severity(self, request: Request, ref: str) -> Response:
        """Change the severity; rhythm, roles and paging follow at once."""
        incident, data = self.get_object(), self.read(SeverityIn)
        return self.answer(operations.change_severity(incident, **data, actor=self.person))

    @takes(RoleIn, IncidentOut)
    @action(detail=True, methods=["post"])
    def roles(self, request: Request, ref: str) -> Response:
        """Give a person a role."""
        incident, data = self.get_object(), self.read(RoleIn)
        found = operations.assign_role(incident, role_slug=data["role"], user=data["user"], actor=self.person)
        return self.answer(found)

    @takes(HandoverIn, IncidentOut)
    @action(detail=True, methods=["post"])
    def handover(self, request: Request, ref: str) -> Response:
        """Hand command over."""
        incident, data = self.get_object(), self.read(HandoverIn)
        words = data.get("briefing") or queries.briefing(incident)
        return self.answer(operations.hand_over(incident, to=data["user"], briefing=words, actor=self.person))

    @takes(PageIn, IncidentOut)
    @action(detail=True, methods=["post"], permission_classes=[Pages])
    def page(self, request: Request, ref: str) -> Response:
        """Page a person, a schedule or a policy from this incident."""
        incident, data = self.get_object(), self.read(PageIn)
        target = data["target"]
        operations.request_page(
            incident,
            kind=target.kind,
            target_id=target.id,
            name=target.name,
            message=data["message"],
            actor=self.person,
        )
        return self.answer(incident)

    @takes(gives=UpdateOut(many=True), methods=["GET"], filters=False)
    @takes(UpdateIn, UpdateOut, status=HTTPStatus.CREATED, methods=["POST"])
    @action(detail=True, methods=["get", "post"], ordering="-published_at")
    def updates(self, request: Request, ref: str) -> Response:
        """Give the written updates, newest first; or publish one."""
        incident = self.get_object()
        if request.method == "POST":
            update = updates.publish(incident, **self.read(UpdateIn), actor=self.person)
            return Response(UpdateOut(update).data, status=HTTPStatus.CREATED)
        found = self.paginate_queryset(update_queries.updates(self.person, incident))
        return self.get_paginated_response(UpdateOut(found, many=True).data)

    @takes(gives=EntryOut(many=True), methods=["GET"], filters=False)
    @takes(EntryIn, EntryOut, status=HTTPStatus.CREATED, methods=["POST"])
    @action(detail=True, methods=["get", "post"], ordering="-at")
    def timeline(self, request: Request, ref: str) -> Response:
        """Give what happened, newest first; or add an entry."""
        incident = self.get_object()
        if request.method == "POST":
            entry = operations.write_down(incident, **self.read(EntryIn), actor=self.person)
            return Response(EntryOut(entry).data, status=HTTPStatus.CREATED)
        found = self.paginate_queryset(queries.entries(self.person, incident))
        return self.get_paginated_response(EntryOut(found, many=True).data)
