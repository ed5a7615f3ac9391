"""`audiences/`: who is told of incidents, and of what at which severity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from core.accounts import queries as people
from core.accounts.policy import Verb, can
from core.api.fields import Id, Seconds, SlugOrId
from core.api.permissions import Configures
from core.api.views import Lists, Shows, ViewSet
from incidents.audiences import operations, queries
from incidents.audiences.models import AudienceList, AudienceMember, Hears, Page
from incidents.audiences.operations import Who
from incidents.audiences.rules import OUTSIDE, Kind

if TYPE_CHECKING:
    from rest_framework.request import Request

    from incidents.audiences.models import AudienceListQuerySet


class AudienceMemberOut(serializers.Serializer[Any]):
    """Exactly one of a person's id, a team's slug, a mail address and a channel's id.

    To who does not respond an address is “somebody outside”.
    """

    user = serializers.CharField(source="user_id", allow_null=True)
    team = serializers.CharField(source="team.slug", default=None, allow_null=True)
    email = serializers.SerializerMethodField()
    channel = serializers.CharField(source="room", allow_null=True)

    def get_email(self, member: AudienceMember) -> str:
        """Give the address of somebody outside to who responds."""
        may_read = can(self.context["request"].user, Verb.RESPOND)
        return member.email if may_read or not member.email else OUTSIDE


class AudienceOut(serializers.ModelSerializer[AudienceList]):
    """A list of who is told. `told` says of what, by the severity's slug: `first`, `later`, `no_news`, `over`."""

    id = Id()
    members = AudienceMemberOut(source="on_it", many=True, read_only=True)
    told = serializers.SerializerMethodField()

    class Meta:
        model = AudienceList
        fields: ClassVar[list[str]] = [
            "id",
            "slug",
            "name",
            "purpose",
            "hears",
            "page",
            "takes_part",
            "least_seconds",
            "position",
            "is_active",
            "members",
            "told",
            "version",
        ]
        read_only_fields = fields

    def get_told(self, row: AudienceList) -> dict[str, list[str]]:
        """Give what it hears, by severity."""
        return {rule.severity.slug: list(rule.kinds) for rule in row.told}  # type: ignore[attr-defined]


class AudienceMemberIn(serializers.Serializer[dict[str, Any]]):
    user = SlugOrId(lambda _: people.people(), slug=None, required=False, allow_null=True)
    team = SlugOrId(people.teams, required=False, allow_null=True)
    email = serializers.CharField(required=False, allow_blank=True, max_length=254)
    channel = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=2**62)


class AudienceChange(serializers.Serializer[dict[str, Any]]):
    """What is not named stays; `members` replaces them all, `told` what it hears at the severities named."""

    name = serializers.CharField(max_length=60, required=False)
    purpose = serializers.CharField(max_length=200, required=False, allow_blank=True)
    hears = serializers.ChoiceField(choices=Hears.choices, required=False)
    page = serializers.ChoiceField(choices=Page.choices, required=False)
    takes_part = serializers.BooleanField(required=False)
    least_seconds = Seconds(required=False, allow_null=True, min_value=60, max_value=86400)
    position = serializers.IntegerField(required=False, min_value=0, max_value=32_000)
    is_active = serializers.BooleanField(required=False)
    members = serializers.ListField(child=AudienceMemberIn(), required=False, max_length=1000)
    told = serializers.DictField(
        child=serializers.ListField(child=serializers.ChoiceField(choices=[kind.value for kind in Kind])),
        required=False,
    )

    def validate_members(self, members: list[dict[str, Any]]) -> list[Who]:
        """Give them as the operations take them."""
        return [
            Who(each.get("user"), each.get("team"), each.get("email", ""), each.get("channel"))
            for each in members
        ]


class AudienceIn(AudienceChange):
    name = serializers.CharField(max_length=60)


class Audiences(Lists, Shows, ViewSet):
    """Who is told of incidents: lists of people, teams, mail addresses and channels."""

    permission_classes = (Configures,)
    serializer_class = AudienceOut
    references: ClassVar[list[str]] = ["slug"]
    filterset_fields: ClassVar[list[str]] = ["hears", "is_active"]
    ordering = "position"
    ordering_fields: ClassVar[list[str]] = ["position", "name", "id"]

    def get_queryset(self) -> AudienceListQuerySet:
        """Give the lists with who is on them."""
        return queries.lists(self.person)

    @extend_schema(request=AudienceIn, responses={201: AudienceOut})
    def create(self, request: Request) -> Response:
        """Make a list."""
        return self.created(self._fresh(operations.add(**self.read(AudienceIn), actor=self.person)))

    @extend_schema(request=AudienceChange, responses=AudienceOut)
    def partial_update(self, request: Request, ref: str) -> Response:
        """Change a list, who is on it, or what it hears."""
        row = operations.change(self.get_object(), **self.read(AudienceChange), actor=self.person)
        return self.answer(self._fresh(row))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, ref: str) -> Response:
        """Forget a list."""
        operations.remove(self.get_object(), actor=self.person)
        return Response(status=204)

    def _fresh(self, row: AudienceList) -> AudienceList:
        return queries.one(self.person, row.slug)
