"""Who shadows whom in a schedule, in the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.response import Response

from core.accounts import queries as people
from core.api.fields import Id, SlugOrId, Time
from core.api.permissions import Responds
from core.api.views import Lists, Shows, ViewSet
from oncall.schedules.api.parents import PARENT, schedule_of
from oncall.shadows import operations, queries
from oncall.shadows.models import MOST_MINUTES, Shadow

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request


class ShadowOut(serializers.ModelSerializer[Shadow]):
    """`trainee` is paged along with `follows` while that person is on call; null: with whoever is.

    With `is_reverse` the trainee is in front: who is on call is paged `delay_minutes` later, unless somebody acknowledges.
    """

    id = Id()
    trainee = serializers.CharField(source="trainee_id")
    follows = serializers.CharField(source="follows_id", allow_null=True)
    start = Time()
    end = Time()
    created_by = serializers.CharField(source="created_by_id", allow_null=True)

    class Meta:
        model = Shadow
        fields = (
            *("id", "trainee", "follows", "is_reverse", "delay_minutes", "start", "end", "reason"),
            "created_by",
        )
        read_only_fields = fields


class ShadowIn(serializers.Serializer[dict[str, Any]]):
    trainee = SlugOrId(lambda _: people.people(), slug=None)
    follows = SlugOrId(lambda _: people.people(), slug=None, required=False, allow_null=True, default=None)
    is_reverse = serializers.BooleanField(required=False, default=False)
    delay_minutes = serializers.IntegerField(
        required=False,
        default=5,
        min_value=0,
        max_value=MOST_MINUTES,
        help_text="Of a reverse shadow: how long the page of who is on call waits; 0: not at all.",
    )
    start = Time()
    end = Time()
    reason = serializers.CharField(required=False, max_length=200, allow_blank=True, default="")


@extend_schema_view(list=extend_schema(parameters=[PARENT]), retrieve=extend_schema(parameters=[PARENT]))
class Shadows(Lists, Shows, ViewSet):
    """Trainees who are paged along with those on call, those that are not over."""

    permission_classes = (Responds,)
    serializer_class = ShadowOut

    def get_queryset(self) -> QuerySet[Shadow]:
        if getattr(self, "swagger_fake_view", False):
            return Shadow.objects.order_by("pk")
        return queries.of(schedule_of(self.kwargs))

    @extend_schema(parameters=[PARENT], request=ShadowIn, responses={201: ShadowOut})
    def create(self, request: Request, schedule: str) -> Response:
        """Let somebody be paged along; for managers."""
        return self.created(
            operations.add(schedule_of(self.kwargs), **self.read(ShadowIn), actor=self.person)
        )

    @extend_schema(parameters=[PARENT], responses={204: None})
    def destroy(self, request: Request, schedule: str, ref: str) -> Response:
        """End it now; for managers and the trainee."""
        operations.end(self.get_object(), actor=self.person)
        return Response(status=204)
