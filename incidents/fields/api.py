"""Fields that a company made itself, and the tags in use, in the API."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from core.api.fields import Id
from core.api.permissions import Reads
from core.api.views import Lists, Shows, ViewSet
from incidents.fields import operations, queries, rules
from incidents.fields.models import IncidentField, Moment

if TYPE_CHECKING:
    from collections.abc import Generator

    from django.db.models import QuerySet
    from rest_framework.request import Request

TYPED = OpenApiParameter("q", str, description="Only tags that begin like this.")


class IncidentFieldOut(serializers.ModelSerializer[IncidentField]):
    """A field: its kind, what one chooses among, and when it has to be filled in at which levels (none: at each)."""

    id = Id()
    choices = serializers.ListField(child=serializers.CharField(), read_only=True)
    required_at = serializers.ChoiceField(choices=["", *Moment.values], read_only=True)
    severities = serializers.SerializerMethodField()

    class Meta:
        model = IncidentField
        fields: ClassVar[list[str]] = [
            "id", "slug", "name", "kind", "hint", "choices", "required_at", "severities", "position",
        ]  # fmt: skip
        read_only_fields = fields

    def get_severities(self, field: IncidentField) -> list[str]:
        """Give the slugs of the levels."""
        return [row.slug for row in field.severities.all()]


class IncidentFields(Lists, Shows, ViewSet):
    """The fields in use. Admins make them in the admin."""

    permission_classes = (Reads,)
    serializer_class = IncidentFieldOut
    references: ClassVar[list[str]] = ["slug"]
    ordering = "position"
    ordering_fields: ClassVar[list[str]] = ["position", "id"]

    def get_queryset(self) -> QuerySet[IncidentField]:
        """Give all that are in use."""
        return queries.fields(self.person)


class TagOut(serializers.Serializer[Any]):
    """A tag, and how many incidents that the caller may know of have it."""

    name = serializers.CharField()
    incidents = serializers.IntegerField()


class IncidentTags(ViewSet):
    """The tags in use."""

    permission_classes = (Reads,)
    serializer_class = TagOut
    pagination_class = None  # type: ignore[assignment]
    filter_backends = ()  # type: ignore[assignment]

    @extend_schema(parameters=[TYPED], responses=TagOut(many=True))
    def list(self, request: Request) -> Response:
        """Give the thirty that are used most."""
        found = queries.suggestions(self.person, typed=request.query_params.get("q", ""))
        return Response([{"name": name, "incidents": times} for name, times in found])


@contextmanager
def at_the_field() -> Generator[None]:
    """Say at each field what is wrong with it."""
    try:
        yield
    except operations.Misfilled as misfilled:
        raise serializers.ValidationError(
            {"custom_fields": {slug: [said] for slug, said in misfilled.wrong.items()}}
        ) from misfilled


class TagsField(serializers.ListField):
    """Tags; each is kept in small letters, words joined by a hyphen."""

    child = serializers.CharField(max_length=200)

    def to_internal_value(self, data: Any) -> Any:
        """Write each the one way."""
        found = rules.tags(super().to_internal_value(data))
        if len(found) > rules.MOST_TAGS:
            raise serializers.ValidationError(f"At most {rules.MOST_TAGS} tags.")
        return found
