"""`users/` and `teams/`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.urls import reverse
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.permissions import SAFE_METHODS
from rest_framework.response import Response

from core.accounts import operations
from core.accounts.models import Team, TeamRole, User
from core.accounts.policy import Verb, can
from core.api.fields import Id, Time, ZoneName
from core.api.permissions import Administers, Configures, Owns, Reads
from core.api.schema import takes
from core.api.views import Lists, Shows, ViewSet, need_proof
from core.people.directory import operations as closing
from core.people.directory import queries as directory
from core.people.directory import registry
from core.people.erasure import operations as erasing
from core.people.erasure.rules import MOST_WORDS
from core.people.teams import operations as team_operations
from core.people.teams import queries as teams

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request


class UserOut(serializers.ModelSerializer[User]):
    """A person. Somebody else's e-mail is null for everybody but admins."""

    id = Id()
    email = serializers.SerializerMethodField()
    teams = serializers.SerializerMethodField()
    url = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = ("id", "name", "email", "time_zone", "role", "teams", "is_active", "url")
        read_only_fields = fields

    def get_email(self, user: User) -> str | None:
        """Give the address to its person and to admins."""
        viewer = self.context["request"].user
        return user.email if viewer.pk == user.pk or can(viewer, Verb.ADMIN) else None

    def get_teams(self, user: User) -> list[str]:
        """Give the slugs of the person's teams."""
        return [membership.team.slug for membership in user.memberships.all()]

    def get_url(self, user: User) -> str:
        """Give the person's page."""
        return settings.BASE_URL + reverse("people:person", args=[user.pk])


class MeIn(serializers.Serializer[Any]):
    """What a person changes about themselves."""

    name = serializers.CharField(max_length=120, required=False)
    time_zone = ZoneName(required=False)


class ConsequenceOut(serializers.Serializer[Any]):
    """One thing that is otherwise once somebody has left; a gap has to be accepted."""

    text = serializers.CharField()
    is_gap = serializers.BooleanField()
    url = serializers.SerializerMethodField()

    def get_url(self, found: registry.Consequence) -> str:
        """Give the address of the page where it can be mended."""
        return settings.BASE_URL + found.path


class LeaveIn(serializers.Serializer[Any]):
    """Whether it is known that nobody will be on call at times."""

    accept_gaps = serializers.BooleanField(default=False)


class EraseIn(serializers.Serializer[Any]):
    """Why, and by which further texts the person is known, exactly as they are written."""

    reason = serializers.CharField(max_length=1000)
    also = serializers.ListField(
        child=serializers.CharField(max_length=200), required=False, max_length=MOST_WORDS
    )


class EraseAddressIn(serializers.Serializer[Any]):
    """The address of somebody without an account, and why it goes."""

    email = serializers.EmailField()
    reason = serializers.CharField(max_length=1000)


class AddressErasedOut(serializers.Serializer[Any]):
    """What stands where the address stood."""

    instead = serializers.CharField()


class KeptOut(serializers.Serializer[Any]):
    """Rows of one kind, the latest first; `is_cut` where there are more than 10,000."""

    rows = serializers.ListField(child=serializers.DictField())
    is_cut = serializers.BooleanField()


class ExportOut(serializers.Serializer[Any]):
    """All that is kept about a person, by kind, as far as the caller may know of it."""

    made_at = Time()
    account = serializers.DictField()
    kept = serializers.DictField(child=KeptOut())


class UserViewSet(Lists, Shows, ViewSet):
    """The people of this install."""

    permission_classes = (Reads,)
    serializer_class = UserOut
    filterset_fields = ("role",)
    search_fields = ("name",)
    ordering = "name"
    ordering_fields = ("name", "id")

    def get_queryset(self) -> QuerySet[User]:
        """Give the people this person may know of."""
        return directory.people(self.person)

    @takes(gives=UserOut, methods=["GET"])
    @takes(MeIn, UserOut, methods=["PATCH"])
    @action(detail=False, url_path="me", methods=["get", "patch"], permission_classes=[Owns])
    def me(self, request: Request) -> Response:
        """Whose token or session this is; a person changes their own name or time zone."""
        if request.method in SAFE_METHODS:
            return self.answer(self.person)
        given = {"name": self.person.name, "time_zone": self.person.time_zone} | self.read(MeIn)
        operations.update_profile(self.person, **given)
        return self.answer(self.person)

    @takes(gives=ConsequenceOut(many=True))
    @action(detail=True, methods=["get"], permission_classes=[Administers])
    def leaving(self, request: Request, ref: str) -> Response:
        """What switching this account off changes in the next 90 days, times with nobody on call first."""
        return Response(ConsequenceOut(registry.consequences(self.get_object()), many=True).data)

    @takes(LeaveIn, UserOut)
    @action(detail=True, methods=["post"], permission_classes=[Administers])
    def deactivate(self, request: Request, ref: str) -> Response:
        """Switch an account off. 409 where nobody would be on call then, unless `accept_gaps` says that you know."""
        need_proof(request, "this signs somebody out for good")
        person = self.get_object()
        closing.leave(person, accepts_gaps=self.read(LeaveIn)["accept_gaps"], actor=self.person)
        return self.answer(person)

    @takes(EraseIn, UserOut)
    @action(detail=True, methods=["post"], permission_classes=[Administers])
    def erase(self, request: Request, ref: str) -> Response:
        """Let a person whose account is off go on as a pseudonym alone, for good. What they did stays."""
        need_proof(request, "nobody can bring it back")
        return self.answer(erasing.erase(self.get_object(), **self.read(EraseIn), actor=self.person))

    @takes(EraseAddressIn, AddressErasedOut)
    @action(detail=False, methods=["post"], url_path="erase-address", permission_classes=[Administers])
    def erase_address(self, request: Request) -> Response:
        """Let the address of somebody without an account be gone from everything that is kept."""
        need_proof(request, "nobody can bring it back")
        return Response({"instead": erasing.erase_address(**self.read(EraseAddressIn), actor=self.person)})

    @takes(None, ExportOut)
    @action(detail=True, methods=["post"], permission_classes=[Administers])
    def export(self, request: Request, ref: str) -> Response:
        """Give all that is kept about a person. Whoever asks for themselves does so on their profile."""
        need_proof(request, "this hands out what is kept about a person")
        return Response(erasing.export(self.get_object(), actor=self.person))


class MemberOut(serializers.Serializer[Any]):
    """A member of a team, by the person's id."""

    user = serializers.CharField(source="user_id")
    role = serializers.ChoiceField(choices=TeamRole.choices)


class TeamOut(serializers.ModelSerializer[Team]):
    """A team and who belongs to it."""

    id = Id()
    members = MemberOut(many=True, source="memberships")
    url = serializers.SerializerMethodField()

    class Meta:
        model = Team
        fields = ("id", "slug", "name", "members", "url")
        read_only_fields = fields

    def get_url(self, team: Team) -> str:
        """Give the team's page."""
        return settings.BASE_URL + reverse("people:team", args=[team.slug])


class TeamIn(serializers.Serializer[Any]):
    """What a team is called."""

    name = serializers.CharField(max_length=80)


class TeamViewSet(Lists, Shows, ViewSet):
    """The teams of this install."""

    permission_classes = (Configures,)
    serializer_class = TeamOut
    references = ["slug"]
    search_fields = ("name",)
    ordering = "name"
    ordering_fields = ("name", "id")

    def get_queryset(self) -> QuerySet[Team]:
        """Give the teams this person may know of."""
        return teams.teams(self.person)

    @takes(TeamIn, TeamOut, status=201)
    def create(self, request: Request) -> Response:
        """Make a team; admins only."""
        return self.created(team_operations.create(**self.read(TeamIn), actor=self.person))

    @takes(TeamIn, TeamOut)
    def partial_update(self, request: Request, ref: str) -> Response:
        """Give a team another name."""
        team = self.get_object()
        team_operations.rename(team, **self.read(TeamIn), actor=self.person)
        return self.answer(team)
