from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from core.accounts.models import Team
from core.api.fields import Id, SlugOrId, Time
from core.api.permissions import Owns
from core.api.views import Lists, Shows, ViewSet
from oncall.feeds import operations, queries
from oncall.feeds.models import FeedAddress, Kind
from oncall.schedules import queries as schedules

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request


class AddressOut(serializers.ModelSerializer[FeedAddress]):
    """A secret address of yours; `schedule` and `team` are null where it shows your own shifts."""

    id = Id()
    schedule = serializers.CharField(source="schedule.slug", default=None, allow_null=True, read_only=True)
    team = serializers.CharField(source="team.slug", default=None, allow_null=True, read_only=True)
    created_at = Time()
    last_read_at = Time(allow_null=True)

    class Meta:
        model = FeedAddress
        fields: ClassVar[list[str]] = [
            "id",
            "kind",
            "name",
            "schedule",
            "team",
            "connects",
            "has_talks",
            "created_at",
            "last_read_at",
        ]
        read_only_fields = fields


class NewAddressOut(AddressOut):
    """The only answer that holds the secret: `urls` is where it is read."""

    urls = serializers.ListField(child=serializers.URLField(), read_only=True)

    class Meta(AddressOut.Meta):
        fields: ClassVar[list[str]] = [*AddressOut.Meta.fields, "urls"]
        read_only_fields = fields


class AddressIn(serializers.Serializer[dict[str, Any]]):
    kind = serializers.ChoiceField(choices=Kind.choices, default=Kind.CALENDAR)
    name = serializers.CharField(max_length=80, required=False, allow_blank=True, default="")
    schedule = SlugOrId(lambda _: schedules.schedules(), required=False, allow_null=True, default=None)
    team = SlugOrId(lambda _: Team.objects.all(), required=False, allow_null=True, default=None)
    connects = serializers.BooleanField(
        required=False,
        default=False,
        help_text="Connect callers to who is on call; of kind `now`, by managers of the schedule.",
    )
    has_talks = serializers.BooleanField(
        required=False,
        default=False,
        help_text="Show the talks at hand-offs too; of kind `calendar`.",
    )

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """Refuse two things at one address, and none where it says who is on call."""
        if data["schedule"] and data["team"]:
            raise ValidationError({"team": ["Give a schedule or a team, not both."]})
        if data["kind"] == Kind.NOW and not (data["schedule"] or data["team"]):
            raise ValidationError(
                {"schedule": ["Give the schedule or the team whose people on call it says."]}
            )
        return data | {"kind": Kind(data["kind"])}


class MyCalendars(Lists, Shows, ViewSet):
    """Your own secret addresses: calendars to subscribe to, and who is on call now as text or read out."""

    permission_classes = (Owns,)
    serializer_class = AddressOut

    def get_queryset(self) -> QuerySet[FeedAddress]:
        return queries.of(self.person)

    @extend_schema(request=AddressIn, responses={201: NewAddressOut})
    def create(self, request: Request) -> Response:
        """Make an address. Its secret is in this answer and in no other."""
        address, secret = operations.add(self.person, **self.read(AddressIn))
        address.refresh_from_db()
        return Response({**self.represent(address), "urls": queries.urls(address, secret)}, status=201)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, ref: str) -> Response:
        """Revoke an address: it leads nowhere from now on."""
        operations.revoke(self.get_object(), actor=self.person)
        return Response(status=204)
