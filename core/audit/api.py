"""`events/`, what happened to things you may see, and `audit/`, who did what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import django_filters
from rest_framework import serializers

from core.api.fields import Id, Time
from core.api.permissions import Administers, Reads
from core.api.views import Lists, Shows, ViewSet
from core.audit import queries
from core.events.models import Event

if TYPE_CHECKING:
    from django.db.models import QuerySet


class EventOut(serializers.ModelSerializer[Event]):
    """Something that happened, as webhooks carry it."""

    id = Id()
    occurred_at = Time(read_only=True)
    actor = serializers.CharField(source="actor_id", allow_null=True, read_only=True)
    subject_id = serializers.CharField(read_only=True)
    data = serializers.DictField(source="payload", read_only=True)  # type: ignore[assignment]

    class Meta:
        model = Event
        fields = ("id", "name", "occurred_at", "actor", "subject_id", "data")
        read_only_fields = fields


class AuditOut(EventOut):
    """An event with who did it and from where."""

    actor_name = serializers.CharField(source="actor.name", default="", read_only=True)
    address = serializers.CharField(read_only=True, allow_null=True)

    class Meta:
        model = Event
        fields = (*EventOut.Meta.fields, "actor_name", "address")
        read_only_fields = fields


class EventFilter(django_filters.FilterSet):  # type: ignore[misc]
    """By kind, person, time and place in the stream."""

    name = django_filters.CharFilter()
    actor = django_filters.NumberFilter(field_name="actor_id", max_value=2**31)
    subject_id = django_filters.NumberFilter(max_value=2**31)
    after = django_filters.NumberFilter(field_name="id", lookup_expr="gt", max_value=2**62)

    class Meta:
        model = Event
        fields = ("name", "actor", "subject_id", "after")


class EventViewSet(Lists, Shows, ViewSet):
    """What happened to things you may see, oldest first: read on with `?after=` the last id."""

    permission_classes = (Reads,)
    serializer_class = EventOut
    filterset_class = EventFilter
    ordering = "id"
    ordering_fields = ("id",)

    def get_queryset(self) -> QuerySet[Event]:
        """Give the events about things this person may see."""
        return queries.stream(self.person)


class AuditViewSet(Lists, Shows, ViewSet):
    """Who did what, when, from where; newest first, for admins."""

    permission_classes = (Administers,)
    serializer_class = AuditOut
    filterset_class = EventFilter
    ordering = "-id"
    ordering_fields = ("id",)

    def get_queryset(self) -> QuerySet[Event]:
        """Give the events this admin may read."""
        return queries.entries(self.person)
