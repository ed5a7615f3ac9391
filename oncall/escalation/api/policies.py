"""Policies and the last resort, as the API has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from core.accounts import queries as people
from core.accounts.policy import Verb, require
from core.api.fields import Id, Seconds, SlugOrId
from core.api.permissions import Configures
from core.api.views import Lists, Shows, ViewSet
from oncall.escalation import operations, queries
from oncall.escalation.api.levels import LevelIn
from oncall.escalation.forms.levels import MOST_LEVELS
from oncall.escalation.models import Policy
from oncall.escalation.rules.acks import MOST_ACKS
from oncall.escalation.rules.plans import Kind, LevelSpec, TargetSpec
from oncall.matching.rules import branch_to_json
from oncall.nights import operations as limits
from oncall.nights import queries as nights
from oncall.nights.rules import MOST

if TYPE_CHECKING:
    from rest_framework.request import Request

    from oncall.escalation.models import PolicyQuerySet


class PolicyOut(serializers.ModelSerializer[Policy]):
    """An escalation policy; `repeat` counts passes through all levels in all.

    `ack_timeout_seconds`: ask again when an alert was taken so long ago and has not ended; null: never.
    `acks_needed`: so many different people must acknowledge before nobody else is asked.
    """

    id = Id()
    team = serializers.CharField(source="team.slug", default=None, allow_null=True, read_only=True)
    levels = serializers.SerializerMethodField()
    gives_up_after_seconds = serializers.SerializerMethodField()
    url = serializers.SerializerMethodField()

    class Meta:
        model = Policy
        fields: ClassVar[list[str]] = [
            "id",
            "slug",
            "name",
            "description",
            "team",
            "repeat",
            "ack_timeout_seconds",
            "acks_needed",
            "is_default",
            "levels",
            "gives_up_after_seconds",
            "url",
        ]
        read_only_fields = fields

    @extend_schema(responses=LevelIn(many=True))
    def get_levels(self, policy: Policy) -> list[dict[str, Any]]:
        """Give the levels in order."""
        return [_level(level) for level in queries.plan_of(policy).levels]

    def get_gives_up_after_seconds(self, policy: Policy) -> int:
        """Give how long all passes take together."""
        return policy.repeat * sum(level.timeout_seconds for level in policy.levels.all())

    def get_url(self, policy: Policy) -> str:
        """Give the policy's page."""
        return settings.BASE_URL + reverse("oncall:policy", args=[policy.slug])


def _level(level: LevelSpec) -> dict[str, Any]:
    return {
        "description": level.description,
        "timeout_seconds": level.timeout_seconds,
        "round_robin": level.round_robin,
        "acks_needed": level.acks_needed,
        "pages_everyone": level.pages_everyone,
        "branch": branch_to_json(level.branch) if level.branch else None,
        "targets": [_target(target) for target in level.targets],
    }


def _target(target: TargetSpec) -> dict[str, Any]:
    turn = {"turn": target.turn.value} if target.kind is Kind.SCHEDULE else {}
    return {"type": target.kind.value, "id": str(target.id), **turn, "name": target.name}


class PolicyIn(serializers.Serializer[dict[str, Any]]):
    """A policy as it shall be."""

    name = serializers.CharField(max_length=80)
    slug = serializers.SlugField(max_length=60, required=False)
    description = serializers.CharField(required=False, allow_blank=True)
    team = SlugOrId(people.teams, required=False, allow_null=True)
    repeat = serializers.IntegerField(min_value=1, max_value=10, required=False)
    ack_timeout_seconds = Seconds(min_value=60, max_value=604800, required=False, allow_null=True)
    acks_needed = serializers.IntegerField(min_value=1, max_value=MOST_ACKS, required=False)
    is_default = serializers.BooleanField(required=False)
    levels = LevelIn(many=True, allow_empty=False, max_length=MOST_LEVELS)  # type: ignore[call-arg]

    def validate_name(self, name: str) -> str:
        """Refuse the name of another policy."""
        return self._free("name", name, "There is a policy of this name already.")

    def validate_slug(self, slug: str) -> str:
        """Refuse the slug of another policy, and those that mean something else in an address."""
        if slug in operations.RESERVED:
            raise ValidationError("This slug means something else. Choose another one.")
        return self._free("slug", slug, "There is a policy with this slug already.")

    def validate_levels(self, levels: list[dict[str, Any]]) -> list[LevelSpec]:
        """Give the levels as a plan has them."""
        return [
            LevelSpec(
                level["timeout_seconds"],
                tuple(target["spec"] for target in level["targets"]),
                level["round_robin"],
                acks_needed=level["acks_needed"],
                branch=level["branch"],
                pages_everyone=level["pages_everyone"],
                description=level["description"].strip(),
            )
            for level in levels
        ]

    def _free(self, field: str, value: str, otherwise: str) -> str:
        known = self.context.get("policy")
        if Policy.objects.filter(**{field: value}).exclude(pk=known.pk if known else 0).exists():
            raise ValidationError(otherwise)
        return value


class LastResortIn(serializers.Serializer[dict[str, Any]]):
    """A policy or a person, by id, slug or e-mail; neither of them is nobody beside the admins."""

    policy = SlugOrId(queries.policies, required=False, allow_null=True)
    user = SlugOrId(lambda _: people.people(), slug="email", required=False, allow_null=True)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """Want one of the two, or none."""
        if data.get("policy") and data.get("user"):
            raise ValidationError("Name a policy or a user, not both.")
        return data


class LastResortOut(serializers.Serializer[Any]):
    """Who is asked, once, when a policy is exhausted; the admins are told besides."""

    policy = serializers.CharField(source="policy.slug", default=None, allow_null=True)
    user = serializers.CharField(source="user_id", default=None, allow_null=True)


class NightLimit(serializers.Serializer[Any]):
    """How many pages a person gets per night before others are asked instead; 0: no limit."""

    pages = serializers.IntegerField(min_value=0, max_value=MOST)


class EscalationPolicies(Lists, Shows, ViewSet):
    """Who is asked, in which order, how long each is waited for, and how often all of it."""

    permission_classes = (Configures,)
    serializer_class = PolicyOut
    references: ClassVar[list[str]] = ["slug"]
    search_fields: ClassVar[list[str]] = ["name", "slug"]
    ordering_fields: ClassVar[list[str]] = ["name"]

    def get_queryset(self) -> PolicyQuerySet:
        return queries.policies(self.request.user)

    @extend_schema(request=PolicyIn, responses={201: PolicyOut})
    def create(self, request: Request) -> Response:
        """Make a policy with its levels."""
        data = self.read(PolicyIn)
        _may(request, data, None)
        return self.created(operations.create_policy(**data, actor=self.person))

    @extend_schema(request=PolicyIn, responses=PolicyOut)
    def update(self, request: Request, ref: str) -> Response:
        """Replace a policy; what runs keeps the plan it was started with."""
        return self._change(request, partial=False)

    @extend_schema(request=PolicyIn, responses=PolicyOut)
    def partial_update(self, request: Request, ref: str) -> Response:
        """Change what is given; `levels` are replaced as a whole."""
        return self._change(request, partial=True)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, ref: str) -> Response:
        """Remove a policy on which no route, no service and no default relies."""
        operations.remove_policy(self.get_object(), actor=self.person)
        return Response(status=204)

    @extend_schema(responses=LastResortOut)
    @action(detail=False, methods=["get"], url_path="last-resort", pagination_class=None, filter_backends=[])
    def last_resort(self, request: Request) -> Response:
        """Say who is asked when a policy is exhausted."""
        return Response(LastResortOut(queries.last_resort() or {}).data)

    @extend_schema(request=LastResortIn, responses=LastResortOut)
    @last_resort.mapping.put
    def set_last_resort(self, request: Request) -> Response:
        """Say who shall be asked when a policy is exhausted: a policy, a user, or nobody beside the admins."""
        require(request.user, Verb.ADMIN)
        last = operations.set_last_resort(actor=self.person, **self.read(LastResortIn))
        return Response(LastResortOut(last or {}).data)

    @extend_schema(responses=NightLimit)
    @action(detail=False, methods=["get"], url_path="night-limit", pagination_class=None, filter_backends=[])
    def night_limit(self, request: Request) -> Response:
        """Say how many pages a person gets per night."""
        return Response(NightLimit({"pages": nights.limit()}).data)

    @extend_schema(request=NightLimit, responses=NightLimit)
    @night_limit.mapping.put
    def set_night_limit(self, request: Request) -> Response:
        """Say how many pages a person shall get per night before others are asked instead; 0: no limit."""
        require(request.user, Verb.ADMIN)
        pages = limits.set_limit(self.read(NightLimit)["pages"], actor=self.person)
        return Response(NightLimit({"pages": pages}).data)

    def get_serializer_context(self) -> dict[str, Any]:
        """Let the input know which policy it is about."""
        return {**super().get_serializer_context(), "policy": getattr(self, "policy", None)}

    def _change(self, request: Request, *, partial: bool) -> Response:
        self.policy = self.get_object()
        data = self.read(PolicyIn, partial=partial)
        _may(request, data, self.policy)
        data.pop("slug", None)
        known = {
            "name": self.policy.name,
            "description": self.policy.description,
            "team": self.policy.team,
            "repeat": self.policy.repeat,
            "ack_timeout_seconds": self.policy.ack_timeout_seconds,
            "acks_needed": self.policy.acks_needed,
            "is_default": self.policy.is_default,
            "levels": list(queries.plan_of(self.policy).levels),
        }
        kept = known if partial else {"is_default": self.policy.is_default}
        return self.answer(operations.change_policy(self.policy, **{**kept, **data}, actor=self.person))


def _may(request: Request, data: dict[str, Any], policy: Policy | None) -> None:
    """Ask whether the person may give it to that team, and make it the default of everybody."""
    require(request.user, Verb.CONFIGURE, data.get("team", policy.team if policy else None))
    if data.get("is_default", False) != (policy.is_default if policy else False):
        require(request.user, Verb.ADMIN)
