"""Who gets the updates of an incident by mail, in the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.response import Response

from core.accounts import queries as people
from core.api.fields import Id, SlugOrId, Time
from core.api.permissions import Owns
from core.api.views import Lists, Shows, ViewSet
from incidents.audiences.models import Hears
from incidents.lifecycle import queries as lifecycle
from incidents.subscriptions import operations, queries
from incidents.subscriptions.models import Subscription

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request

    from incidents.lifecycle.models import Incident

INCIDENT = OpenApiParameter(
    "incident", str, OpenApiParameter.PATH, description="The incident's number: INC-12 or 12."
)


class SubscriptionOut(serializers.ModelSerializer[Subscription]):
    """Who gets the updates: `user` is null for an address without an account."""

    id = Id()
    user = serializers.CharField(source="user_id", read_only=True, allow_null=True)
    added_by = serializers.CharField(source="added_by_id", read_only=True)
    created_at = Time(read_only=True)

    class Meta:
        model = Subscription
        fields: ClassVar[list[str]] = ["id", "user", "email", "hears", "added_by", "created_at"]
        read_only_fields = fields


class SubscriptionIn(serializers.Serializer[dict[str, Any]]):
    """Nothing named: whoever calls. `hears` is internal or public."""

    user = SlugOrId(lambda _: people.people(), slug=None, required=False, allow_null=True)
    email = serializers.CharField(required=False, allow_blank=True, max_length=254)
    hears = serializers.ChoiceField(choices=Hears.choices, required=False)


@extend_schema_view(list=extend_schema(parameters=[INCIDENT]), retrieve=extend_schema(parameters=[INCIDENT]))
class Subscriptions(Lists, Shows, ViewSet):
    """Who gets the updates of an incident by mail. Anybody for themselves; others by who has communications."""

    permission_classes = (Owns,)
    serializer_class = SubscriptionOut
    filterset_fields: ClassVar[list[str]] = ["hears"]
    ordering = "id"
    ordering_fields: ClassVar[list[str]] = ["id"]

    def get_queryset(self) -> QuerySet[Subscription]:
        """Give those of the incident that the path names; a viewer their own alone."""
        if getattr(self, "swagger_fake_view", False):
            return Subscription.objects.order_by("pk")
        return queries.of(self.person, self._incident())

    def _incident(self) -> Incident:
        return lifecycle.get(self.person, self.kwargs["incident"])

    @extend_schema(parameters=[INCIDENT], request=SubscriptionIn, responses={201: SubscriptionOut})
    def create(self, request: Request, incident: str) -> Response:
        """Send the updates to whoever calls, or to somebody else."""
        return self.created(
            operations.subscribe(self._incident(), **self.read(SubscriptionIn), actor=self.person)
        )

    @extend_schema(parameters=[INCIDENT], responses={204: None})
    def destroy(self, request: Request, incident: str, ref: str) -> Response:
        """Send them no more."""
        operations.end(self.get_object(), actor=self.person)
        return Response(status=204)
