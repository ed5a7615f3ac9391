"""What new zone data moved, in the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.api.fields import Id, Time
from core.api.permissions import Reads
from core.api.views import Lists, ViewSet
from oncall.clocks import queries, rules
from oncall.clocks.models import ClockChange

if TYPE_CHECKING:
    from django.db.models import QuerySet


class StretchOut(serializers.Serializer[Any]):
    """In it hand-offs are `later` seconds later than before, earlier where less than 0; no end: for two years at least."""

    start = Time()
    end = Time(allow_null=True)
    later = serializers.IntegerField()


class ClockChangeOut(serializers.ModelSerializer[ClockChange]):
    """By `tzdata` the clocks of a zone show another time than by `tzdata_before`, so hand-offs of a schedule moved."""

    id = Id()
    schedule = serializers.CharField(source="schedule.slug")
    stretches = serializers.SerializerMethodField()
    noticed_at = Time()

    class Meta:
        model = ClockChange
        fields = ("id", "schedule", "zone", "tzdata_before", "tzdata", "text", "stretches", "noticed_at")
        read_only_fields = fields

    @extend_schema_field(StretchOut(many=True))
    def get_stretches(self, found: ClockChange) -> list[dict[str, Any]]:
        """Read them from what is stored."""
        return [dict(StretchOut(each).data) for each in rules.read(found.stretches)]


class ClockChanges(Lists, ViewSet):
    """What new zone data (tzdata) moved."""

    permission_classes = (Reads,)
    serializer_class = ClockChangeOut
    filterset_fields = {"schedule__slug": ["exact"], "zone": ["exact"]}
    ordering = "-noticed_at"
    ordering_fields = ("noticed_at", "id")

    def get_queryset(self) -> QuerySet[ClockChange]:
        return queries.changes()
