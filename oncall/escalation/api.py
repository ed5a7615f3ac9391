from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from core.accounts import queries as people
from core.accounts.models import User
from core.accounts.policy import Verb, require
from core.api.fields import Id, Seconds, SlugOrId, Time, by_reference
from core.api.permissions import Configures, Pages
from core.api.views import Lists, Shows, ViewSet
from incidents.lifecycle.models import Incident
from oncall.alerts.models import Alert, Urgency
from oncall.destinations import queries as destinations
from oncall.escalation import operations, queries
from oncall.escalation.forms import MOST_LEVELS, MOST_TARGETS
from oncall.escalation.models import Escalation, Policy
from oncall.escalation.rules.acks import MOST_ACKS
from oncall.escalation.rules.plans import Kind, LevelSpec, TargetSpec, Turn
from oncall.matching.rules import OPERATORS, Hours, branch_from_json, branch_to_json
from oncall.paging import queries as paging
from oncall.paging.models import Page
from oncall.quiet.rules import WEEKDAYS
from oncall.schedules import queries as schedules

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request

    from oncall.escalation.models import PolicyQuerySet
    from oncall.paging.models import PageQuerySet
    from oncall.paging.queries import Delivery


CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"


class TargetIn(serializers.Serializer[dict[str, Any]]):
    """Whom a level asks: `id` is a person's id or e-mail, or the id or slug of a schedule or a team.

    `turn` is whose turn of a schedule: who has it `now`, whoever else has it `next` or had it before (`previous`).
    Of a team everybody is asked who is a responder or more. A channel, by its id or name, is told and wakes nobody.
    """

    type = serializers.ChoiceField(choices=[kind.value for kind in Kind])
    id = serializers.CharField(max_length=254)
    turn = serializers.ChoiceField(choices=[turn.value for turn in Turn], required=False)
    name = serializers.CharField(read_only=True)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """Find whom it names."""
        kind = Kind(data["type"])
        if "turn" in data and kind is not Kind.SCHEDULE:
            raise ValidationError({"turn": ["Only a schedule has turns."]})
        known: dict[Kind, tuple[QuerySet[Any], str]] = {
            Kind.USER: (people.people(), "email"),
            Kind.SCHEDULE: (schedules.schedules(), "slug"),
            Kind.TEAM: (people.teams(self.context["request"].user), "slug"),
            Kind.CHANNEL: (destinations.everywhere(), "name"),
        }
        rows, reference = known[kind]
        found = by_reference(rows, data["id"], [reference])
        if found is None:
            raise ValidationError({"id": [f"There is no {kind} {data['id']!r}."]})
        return {"spec": TargetSpec(kind, found.pk, str(found), Turn(data.get("turn", Turn.NOW)))}


class BranchHours(serializers.Serializer[dict[str, Any]]):
    """Working hours: asked only `in` them, only `outside` of them, or low urgency is to `wait` for them (`how`)."""

    weekdays = serializers.ListField(child=serializers.ChoiceField(choices=[day.lower() for day in WEEKDAYS]))
    to = serializers.RegexField(CLOCK)
    zone = serializers.CharField(max_length=60)
    how = serializers.ChoiceField(choices=[how.value for how in Hours], default=Hours.IN.value)

    def get_fields(self) -> dict[str, Any]:
        """Call the first end what the contract calls it: `from` is no name for an attribute."""
        return super().get_fields() | {"from": serializers.RegexField(CLOCK)}


class BranchMatch(serializers.Serializer[Any]):
    """What must hold of a label, as in a route."""

    op = serializers.ChoiceField(choices=OPERATORS, default="equals")
    value = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")

    def get_fields(self) -> dict[str, Any]:
        """Give the label its name, which is an attribute of every field."""
        return {"label": serializers.CharField(max_length=200), **super().get_fields()}


class BranchIn(serializers.Serializer[dict[str, Any]]):
    """What must hold for a level to be asked: the urgency, every condition, and the hour."""

    urgency = serializers.ChoiceField(choices=Urgency.values, required=False, allow_blank=True, default="")
    match = BranchMatch(many=True, required=False, default=list)
    hours = BranchHours(required=False, allow_null=True, default=None)


@extend_schema_field(BranchIn)
class BranchField(serializers.JSONField):
    """A branch as it is kept."""

    def to_internal_value(self, data: Any) -> Any:
        """Read it, and say what is wrong with it."""
        given = BranchIn(data=data)
        given.is_valid(raise_exception=True)
        try:
            return branch_from_json(given.validated_data)
        except ValueError as error:
            raise ValidationError(str(error)) from error


class LevelIn(serializers.Serializer[dict[str, Any]]):
    """A level; with `round_robin` each alert asks the next of its targets, without it all of them.

    `acks_needed`: so many different people must acknowledge once it is asked; null: as many as the policy says.
    `branch`: what must hold for it to be asked; null: nothing.
    """

    timeout_seconds = Seconds(min_value=1, max_value=86400, default=300)
    round_robin = serializers.BooleanField(default=False)
    acks_needed = serializers.IntegerField(
        min_value=1, max_value=MOST_ACKS, required=False, allow_null=True, default=None
    )
    branch = BranchField(required=False, allow_null=True, default=None)
    targets = TargetIn(many=True, allow_empty=False, max_length=MOST_TARGETS)  # type: ignore[call-arg]


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
        "timeout_seconds": level.timeout_seconds,
        "round_robin": level.round_robin,
        "acks_needed": level.acks_needed,
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
        return self.created(operations.create_policy(**data, actor=_person(request)))

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
        operations.remove_policy(self.get_object(), actor=_person(request))
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
        return self.answer(operations.change_policy(self.policy, **{**kept, **data}, actor=_person(request)))


def _may(request: Request, data: dict[str, Any], policy: Policy | None) -> None:
    """Ask whether the person may give it to that team, and make it the default of everybody."""
    require(request.user, Verb.CONFIGURE, data.get("team", policy.team if policy else None))
    if data.get("is_default", False) != (policy.is_default if policy else False):
        require(request.user, Verb.ADMIN)


class AttemptOut(serializers.Serializer[Any]):
    at = Time()
    outcome = serializers.CharField()
    detail = serializers.CharField()


class DeliveryOut(serializers.Serializer[Any]):
    channel = serializers.CharField()
    address_hint = serializers.CharField()
    state = serializers.CharField()
    due_at = Time()
    detail = serializers.CharField()
    attempts = AttemptOut(many=True)


class PageOut(serializers.ModelSerializer[Page]):
    """A line of the ledger: one person asked or one channel told, why, when it was planned, and what became of each try."""

    id = Id()
    alert = serializers.CharField(source="escalation.alert_id", default=None, allow_null=True, read_only=True)
    incident = serializers.SerializerMethodField()
    user = serializers.CharField(source="user_id", allow_null=True, read_only=True)
    channel = serializers.CharField(source="destination.name", default=None, allow_null=True, read_only=True)
    level = serializers.SerializerMethodField()
    round = serializers.SerializerMethodField()
    planned_at = Time(read_only=True)
    held_until = Time(read_only=True)
    is_out_of_hours = serializers.BooleanField(read_only=True)
    created_at = Time(read_only=True)
    escalation = serializers.CharField(source="escalation_id", allow_null=True, read_only=True)
    sent_at = Time(read_only=True)
    acknowledged_at = Time(read_only=True)
    ended_at = Time(read_only=True)
    acks_needed = serializers.IntegerField(source="escalation.acks_needed", default=1, read_only=True)
    acknowledged_by = serializers.SerializerMethodField()
    policy = serializers.CharField(
        source="escalation.policy.slug", default=None, allow_null=True, read_only=True
    )
    routed_by = serializers.CharField(source="escalation.alert.routed_by", default="", read_only=True)
    deliveries = serializers.SerializerMethodField()

    class Meta:
        model = Page
        fields: ClassVar[list[str]] = [
            "id",
            "escalation",
            "alert",
            "incident",
            "user",
            "channel",
            "level",
            "round",
            "urgency",
            "planned_at",
            "held_until",
            "is_out_of_hours",
            "created_at",
            "sent_at",
            "acknowledged_at",
            "ended_at",
            "status",
            "message",
            "answer",
            "why",
            "acks_needed",
            "acknowledged_by",
            "policy",
            "routed_by",
            "deliveries",
        ]
        read_only_fields = fields

    def get_incident(self, page: Page) -> str | None:
        """Give the incident by its number, the page's own or its alert's."""
        incident = queries.incident_of(page.escalation) if page.escalation else None
        return str(incident) if incident else None

    def get_acknowledged_by(self, page: Page) -> list[str]:
        """Give who has acknowledged what it is about; fewer than `acks_needed` while others are still asked."""
        run = page.escalation
        last = [run.acknowledged_by_id] if run and run.acknowledged_by_id else []
        return [str(pk) for pk in dict.fromkeys([*(run.acked_by if run else ()), *last])]

    def get_level(self, page: Page) -> int:
        """Give the level, the first one being 1."""
        return page.level + 1

    def get_round(self, page: Page) -> int:
        """Give the pass, the first one being 1."""
        return page.round + 1

    @extend_schema(responses=DeliveryOut(many=True))
    def get_deliveries(self, page: Page) -> Any:
        """Give each message with its attempts."""
        read: dict[int, tuple[Delivery, ...]] = self.context["view"].deliveries
        lines = read[page.pk] if page.pk in read else paging.deliveries([page.pk]).get(page.pk, ())
        return DeliveryOut(lines, many=True).data


class PageByHandIn(serializers.Serializer[dict[str, Any]]):
    """Whom to page, with which words, and about which incident or alert."""

    user = SlugOrId(lambda _: people.people(), slug="email", required=False)
    schedule = SlugOrId(lambda _: schedules.schedules(), required=False)
    team = SlugOrId(people.teams, required=False)
    policy = SlugOrId(queries.policies, required=False)
    message = serializers.CharField(max_length=2000, trim_whitespace=True)
    incident = SlugOrId(Incident.objects.visible_to, slug="number", required=False, allow_null=True)
    alert = SlugOrId(Alert.objects.visible_to, slug=None, required=False, allow_null=True)
    urgency = serializers.ChoiceField(choices=Urgency.values, default=Urgency.HIGH.value)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """Want exactly one of those who can be paged."""
        if len({"user", "schedule", "team", "policy"} & data.keys()) != 1:
            raise ValidationError("Name one of user, schedule, team or policy.")
        return data


class DeclineIn(serializers.Serializer[dict[str, Any]]):
    """Why you do not come; whoever paged you reads it."""

    reason = serializers.CharField(max_length=300)


class PageAnswer(serializers.Serializer[Any]):
    """The escalation that was started; its pages appear in the ledger as soon as they are planned."""

    escalation = serializers.CharField()
    status = serializers.CharField()
    pages = PageOut(many=True)


class PagesLedger(Lists, Shows, ViewSet):
    """Every page: who was asked, why, when, by what, and what became of it."""

    permission_classes = (Pages,)
    serializer_class = PageOut
    filterset_fields: ClassVar[dict[str, list[str]]] = {
        "status": ["exact"],
        "user": ["exact"],
        "urgency": ["exact"],
        "escalation": ["exact"],
        "escalation__alert": ["exact"],
        "escalation__incident__number": ["exact"],
    }
    ordering_fields: ClassVar[list[str]] = ["planned_at"]

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.deliveries: dict[int, tuple[Delivery, ...]] = {}

    def get_queryset(self) -> PageQuerySet:
        return paging.pages(self.request.user).order_by("-pk")

    def paginate_queryset(self, queryset: Any) -> Any:
        """Read the deliveries of a whole chunk together."""
        rows = super().paginate_queryset(queryset)
        self.deliveries = {row.pk: () for row in rows or []} | paging.deliveries(
            [row.pk for row in rows or []]
        )
        return rows

    @extend_schema(request=PageByHandIn, responses={201: PageAnswer})
    def create(self, request: Request) -> Response:
        """Page a person, a schedule, a team or a policy by hand; it is asked at once."""
        started = operations.page_by_hand(actor=_person(request), **self.read(PageByHandIn))
        running = Escalation.objects.get(pk=started)
        answer = {"escalation": str(started), "status": running.status, "pages": []}
        return Response(answer, status=201)

    @extend_schema(request=None, responses=PageOut)
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, ref: str) -> Response:
        """Come, when somebody pages you by hand, and take part in what it is about."""
        page = self._own_page()
        operations.acknowledge(page=page, actor=_person(request))
        return self.answer(page)

    @extend_schema(request=DeclineIn, responses=PageOut)
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, ref: str) -> Response:
        """Say that you do not come, and why; whoever is next is asked at once."""
        page = self._own_page()
        operations.decline(page, actor=_person(request), reason=self.read(DeclineIn)["reason"])
        return self.answer(page)

    def _own_page(self) -> Page:
        page: Page = self.get_object()
        if page.user_id != _person(self.request).pk:
            raise operations.CannotDecline("Only the person who is paged can answer.")
        return page


def _person(request: Request) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - the permission has let nobody else through
    return request.user
