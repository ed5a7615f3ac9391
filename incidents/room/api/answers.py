"""An incident, its updates and its timeline as the API gives them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.api.fields import Seconds, Time
from incidents.fields.rules import Kind as FieldKind
from incidents.lifecycle import operations
from incidents.lifecycle.models import Incident, TimelineEntry
from incidents.lifecycle.rules import TIMES
from incidents.lookback.rules import Kind
from incidents.updates.models import Update


class RoleOut(serializers.Serializer[Any]):
    """Who holds a role, by the person's id."""

    role = serializers.CharField(source="role.slug")
    user = serializers.CharField(source="user_id")
    name = serializers.CharField(source="user.name")
    since = Time(source="started_at")


class AcceptedRiskOut(serializers.Serializer[Any]):
    """A risk that is lived with, how it is watched, and who decided, by the person's id."""

    risk = serializers.CharField()
    monitoring = serializers.CharField()
    decided_by = serializers.CharField(source="decided_by_id")


class IncidentOut(serializers.ModelSerializer[Incident]):
    """An incident. `number` is INC-12; people are named by id."""

    id = serializers.CharField(source="number", read_only=True)
    number = serializers.CharField(source="__str__", read_only=True)
    severity = serializers.CharField(source="severity.slug", read_only=True)
    services = serializers.SerializerMethodField()
    outcome = serializers.CharField(read_only=True)
    tags = serializers.SerializerMethodField()
    custom_fields = serializers.SerializerMethodField()
    part_of = serializers.SerializerMethodField()
    merged_into = serializers.SerializerMethodField()
    accepted_risk = AcceptedRiskOut(read_only=True, allow_null=True, default=None)
    declared_by = serializers.CharField(source="declared_by_id", allow_null=True, read_only=True)
    commander = serializers.SerializerMethodField()
    command_offered_to = serializers.SerializerMethodField()
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
            "accepted_risk",
            "tags",
            "custom_fields",
            "part_of",
            "merged_into",
            "declared_by",
            "commander",
            "command_offered_to",
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
            "resolved_times",
            "resolved_early",
            "version",
            "url",
        )
        read_only_fields = fields

    def get_tags(self, incident: Incident) -> list[str]:
        """Give its tags."""
        return sorted(row.name for row in incident.tags.all())

    @extend_schema_field(serializers.DictField())
    def get_custom_fields(self, incident: Incident) -> dict[str, Any]:
        """Give what stands in the fields that the company made, by their slugs; people by id."""
        rows = incident.field_values.all()
        return {
            row.field.slug: str(row.value) if row.field.kind == FieldKind.USER else row.value for row in rows
        }

    def get_part_of(self, incident: Incident) -> str | None:
        """Give the number of what it is part of, as far as the caller may know of that."""
        number = getattr(incident, "whole", None)
        return f"INC-{number}" if number else None

    def get_merged_into(self, incident: Incident) -> str | None:
        """Give the number of the incident in which it goes on, as far as the caller may know of that."""
        number = getattr(incident, "survivor", None)
        return f"INC-{number}" if number else None

    def get_services(self, incident: Incident) -> list[str]:
        """Give the slugs of the affected services."""
        return sorted(row.slug for row in incident.affected)  # type: ignore[attr-defined]

    def get_commander(self, incident: Incident) -> str | None:
        """Give the id of who commands."""
        return next((str(row.user_id) for row in incident.held if row.role.is_commander), None)  # type: ignore[attr-defined]

    def get_command_offered_to(self, incident: Incident) -> str | None:
        """Give the id of whom command is offered to and who has not answered yet."""
        offered = getattr(incident, "offer_to", None)
        return None if offered is None else str(offered)

    def get_roles(self, incident: Incident) -> list[dict[str, Any]]:
        """Give who holds which role now."""
        return list(RoleOut(incident.held, many=True).data)  # type: ignore[attr-defined]

    def get_update_every_seconds(self, incident: Incident) -> int | None:
        """Give the rhythm of updates: as agreed, else by severity."""
        return operations.rhythm(incident)

    def get_url(self, incident: Incident) -> str:
        """Give the incident's room."""
        return settings.BASE_URL + reverse("incidents:room", args=[incident.number])


class RemarkOut(serializers.Serializer[Any]):
    """Something about how it was run: how often, after or for how many seconds, and how many until it was identified."""

    kind = serializers.ChoiceField(choices=[kind.value for kind in Kind])
    text = serializers.CharField()
    count = serializers.IntegerField(source="remark.count")
    name = serializers.CharField(source="remark.name", allow_blank=True)
    seconds = Seconds(source="remark.lasted", allow_null=True)
    then_seconds = Seconds(source="remark.then", allow_null=True)


class UpdateOut(serializers.ModelSerializer[Update]):
    """A written update; `lists` names to whom it went, `incidents/{}/told/` what became of it."""

    id = serializers.CharField(source="pk", read_only=True)
    author = serializers.CharField(source="author_id", allow_null=True, read_only=True)
    published_at = Time(read_only=True)
    next_update_due_at = Time(read_only=True, allow_null=True)
    next_update_in_seconds = serializers.IntegerField(read_only=True, allow_null=True)
    components = serializers.DictField(child=serializers.CharField(), read_only=True)
    lists = serializers.ListField(child=serializers.CharField(), read_only=True)
    parts = serializers.DictField(source="fields", child=serializers.CharField(), read_only=True)

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
            "kind",
            "lists",
            "layout",
            "parts",
            "next_update_in_seconds",
            "next_update_due_at",
            "author",
            "published_at",
        )
        read_only_fields = fields


class PresentOut(serializers.Serializer[Any]):
    """Somebody who has the room open, by id and name."""

    user = serializers.CharField(source="pk")
    name = serializers.CharField()


class PresenceOut(serializers.Serializer[Any]):
    """How many people have the room open, however many pages each, and who."""

    number = serializers.IntegerField()
    people = PresentOut(many=True)


class DecisionOut(serializers.Serializer[Any]):
    """What belongs to a decision: what else was considered, why, who decided (by id), and what was given up."""

    options = serializers.ListField(child=serializers.CharField())
    reason = serializers.CharField()
    decided_by = serializers.CharField()
    decided_by_name = serializers.CharField()
    trade_off = serializers.CharField()
    accepted_by = serializers.CharField()


class EntryOut(serializers.ModelSerializer[TimelineEntry]):
    """Something that happened: `at` is when, `recorded_at` when it was written down."""

    id = serializers.CharField(source="pk", read_only=True)
    actor = serializers.CharField(source="actor_id", allow_null=True, read_only=True)
    actor_name = serializers.CharField(source="actor.name", default=None, allow_null=True, read_only=True)
    at = Time(read_only=True)
    recorded_at = Time(read_only=True)
    tag = serializers.SerializerMethodField()
    decision = serializers.SerializerMethodField()
    data = serializers.DictField(read_only=True)  # type: ignore[assignment]

    class Meta:
        model = TimelineEntry
        fields = ("id", "kind", "text", "actor", "actor_name", "at", "recorded_at", "tag", "decision", "data")
        read_only_fields = fields

    def get_tag(self, entry: TimelineEntry) -> str:
        """Give where in the loop it belongs: observe, orient, decide, act, or empty."""
        return str(entry.data.get("tag", ""))

    @extend_schema_field(DecisionOut(allow_null=True))
    def get_decision(self, entry: TimelineEntry) -> dict[str, Any] | None:
        """Give what belongs to a decision."""
        said = entry.data.get("decision")
        return dict(DecisionOut(said).data) if said else None
