"""What is asked before an incident is called resolved, in the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework import serializers

from core.api.fields import Id, Time
from core.api.permissions import Reads
from core.api.views import Lists, Shows, ViewSet
from incidents.closing import queries
from incidents.closing.models import ClosingCriterion, KnownBy, Resolution

if TYPE_CHECKING:
    from django.db.models import QuerySet


class ResolutionOut(serializers.ModelSerializer[Resolution]):
    """One time that it was called resolved; `lacking` is what did not hold, and `despite` why it was done."""

    at = Time(read_only=True)
    by = serializers.CharField(source="by_id", allow_null=True, read_only=True)
    stable_since = Time(read_only=True, allow_null=True)
    confirmed = serializers.ListField(child=serializers.CharField(), read_only=True)
    lacking = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = Resolution
        fields = (
            "number",
            "at",
            "by",
            "commanded",
            "stable_since",
            "window_seconds",
            "is_early",
            "confirmed",
            "lacking",
            "despite",
        )
        read_only_fields = fields


class AskedOut(serializers.Serializer[Any]):
    """A criterion, and what the product knows of it."""

    slug = serializers.CharField(source="criterion.slug")
    text = serializers.CharField(source="criterion.text")
    hint = serializers.CharField(source="criterion.hint")
    known = serializers.CharField(source="finding.words", default=None, allow_null=True)
    contradicted = serializers.SerializerMethodField()

    def get_contradicted(self, asked: Any) -> bool:
        """Say whether what is known speaks against it."""
        return bool(asked.point.against)


class ClosingOut(serializers.Serializer[Any]):
    """What stands between an incident and its end.

    `possible_at` is when it has been stable for long enough, null while nothing has begun. `held_by` cannot be reasoned
    away; what `lacking` names with nothing confirmed can. `all_clear` and `public_clear` are words to begin with.
    """

    window_seconds = serializers.SerializerMethodField()
    stable_since = Time(source="stability.since", allow_null=True)
    possible_at = Time(source="stability.possible_at", allow_null=True)
    is_stable = serializers.BooleanField()
    commander = serializers.CharField(source="commander.pk", default=None, allow_null=True)
    is_commander = serializers.BooleanField()
    criteria = AskedOut(source="asked", many=True)
    lacking = serializers.SerializerMethodField()
    held_by = serializers.CharField()
    open_tasks = serializers.ListField(child=serializers.CharField())
    warning = serializers.CharField()
    resolutions = ResolutionOut(source="earlier", many=True)
    all_clear = serializers.CharField()
    public_clear = serializers.CharField(source="public.text", default="")
    reaches = serializers.SerializerMethodField()

    def get_reaches(self, outlook: Any) -> dict[str, str]:
        """Say whom the words for those inside and for customers would reach; "" where customers may not hear of it."""
        return {
            "inside": outlook.telling.words,
            "public": outlook.public.promise if outlook.public else "",
        }

    def get_window_seconds(self, outlook: Any) -> int | None:
        """Give for how long it has to be stable; null where no wait is asked for."""
        return int(outlook.window_seconds) or None

    def get_lacking(self, outlook: Any) -> list[str]:
        """Give what does not hold while nothing is confirmed."""
        return list(outlook.lacking(()))


class ClosingCriterionOut(serializers.ModelSerializer[ClosingCriterion]):
    """Something that is confirmed when an incident is resolved; `known_by` is what the product can say of it."""

    id = Id()
    known_by = serializers.ChoiceField(choices=["", *KnownBy.values], read_only=True)

    class Meta:
        model = ClosingCriterion
        fields = ("id", "slug", "text", "hint", "known_by", "position")
        read_only_fields = fields


class ClosingCriteria(Lists, Shows, ViewSet):
    """The criteria in force. Admins change them in the admin."""

    permission_classes = (Reads,)
    serializer_class = ClosingCriterionOut
    references = ["slug"]
    ordering = "position"
    ordering_fields = ("position", "id")

    def get_queryset(self) -> QuerySet[ClosingCriterion]:
        """Give all that are in force."""
        return queries.criteria(self.person)
