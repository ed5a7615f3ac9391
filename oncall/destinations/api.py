"""`channels/`: rooms, webhooks and lists that are told and wake nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from core.accounts import queries as people
from core.accounts.policy import Verb, require
from core.api.fields import Id, SlugOrId, Time
from core.api.permissions import Configures
from core.api.views import Lists, Shows, ViewSet
from oncall.destinations import operations, queries
from oncall.destinations.models import Destination

if TYPE_CHECKING:
    from rest_framework.request import Request

    from oncall.destinations.models import DestinationQuerySet


class ChannelOut(serializers.ModelSerializer[Destination]):
    """A channel that a level of a policy can tell; `address_hint` is enough to recognise it.

    Only where an admin set `hears_private` is it told of private incidents.
    """

    id = Id()
    team = serializers.CharField(source="team.slug", default=None, allow_null=True, read_only=True)
    address_hint = serializers.SerializerMethodField()
    has_buttons = serializers.SerializerMethodField()
    last_ok_at = Time(read_only=True)

    class Meta:
        model = Destination
        fields: ClassVar[list[str]] = [
            "id",
            "name",
            "team",
            "channel",
            "address_hint",
            "has_buttons",
            "is_enabled",
            "hears_private",
            "last_ok_at",
            "last_error",
        ]
        read_only_fields = fields

    def get_address_hint(self, destination: Destination) -> str:
        """Give the address as others may see it."""
        return queries.hint(destination)

    def get_has_buttons(self, destination: Destination) -> bool:
        """Say whether what it is told can be acknowledged there, by a button."""
        return queries.has_buttons(destination)


class ChannelMade(ChannelOut):
    """A new channel; `secret` signs what is sent there, where one was made: it is shown this once."""

    secret = serializers.CharField(read_only=True)

    class Meta(ChannelOut.Meta):
        fields: ClassVar[list[str]] = [*ChannelOut.Meta.fields, "secret"]
        read_only_fields = fields


class ChannelIn(serializers.Serializer[dict[str, Any]]):
    name = serializers.CharField(max_length=80)
    team = SlugOrId(people.teams, required=False, allow_null=True, default=None)
    channel = serializers.CharField(max_length=20)
    address = serializers.CharField(max_length=500)
    secret = serializers.CharField(max_length=120, required=False, default="")
    hears_private = serializers.BooleanField(required=False, default=False)


class ChannelChange(serializers.Serializer[dict[str, Any]]):
    name = serializers.CharField(max_length=80, required=False)
    team = SlugOrId(people.teams, required=False, allow_null=True)
    is_enabled = serializers.BooleanField(required=False)
    hears_private = serializers.BooleanField(required=False)


class Channels(Lists, Shows, ViewSet):
    """Channels that are told and wake nobody."""

    permission_classes = (Configures,)
    serializer_class = ChannelOut
    filterset_fields: ClassVar[list[str]] = ["channel", "team__slug", "is_enabled"]
    ordering = "name"
    ordering_fields: ClassVar[list[str]] = ["name", "id"]

    def get_queryset(self) -> DestinationQuerySet:
        """Give the channels this person may know of."""
        return queries.destinations(self.person)

    @extend_schema(request=ChannelIn, responses={201: ChannelMade})
    def create(self, request: Request) -> Response:
        """Add a channel."""
        data = self.read(ChannelIn)
        require(self.person, Verb.CONFIGURE, data["team"])
        made, secret = operations.add(**data, actor=self.person)
        return Response({**ChannelOut(made).data, "secret": secret}, status=201)

    @extend_schema(request=ChannelChange, responses=ChannelOut)
    def partial_update(self, request: Request, ref: str) -> Response:
        """Give it another name or team, turn it off, or as an admin let it hear of private incidents."""
        row = self.get_object()
        now = queries.settings_of(row)
        data = {**now, **self.read(ChannelChange)}
        require(self.person, Verb.CONFIGURE, data["team"])
        return self.answer(operations.change(row, **data, actor=self.person))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, ref: str) -> Response:
        """Forget a channel that no policy tells."""
        operations.remove(self.get_object(), actor=self.person)
        return Response(status=204)

    @extend_schema(request=None, responses={202: ChannelOut})
    @action(detail=True, methods=["post"])
    def test(self, request: Request, ref: str) -> Response:
        """Send a test message; `last_ok_at` and `last_error` say what became of it."""
        row = self.get_object()
        operations.send_test(row, actor=self.person)
        return self.answer(row, status=202)
