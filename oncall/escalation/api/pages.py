"""The ledger of pages, and paging by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import django_filters
from django.db.models import Q
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.response import Response

from core.accounts import queries as people
from core.api.fields import Id, SlugOrId, Time
from core.api.permissions import Pages
from core.api.views import Lists, Shows, ViewSet
from incidents.lifecycle.models import Incident
from oncall.alerts.models import Alert, Urgency
from oncall.escalation import operations, queries
from oncall.escalation.models import Escalation
from oncall.paging import queries as paging
from oncall.paging.models import Page
from oncall.schedules import queries as schedules

if TYPE_CHECKING:
    from rest_framework.request import Request

    from oncall.paging.models import PageQuerySet
    from oncall.paging.queries import Delivery


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
    in_front = serializers.CharField(
        source="in_front_id",
        allow_null=True,
        read_only=True,
        help_text="The trainee who is paged first: this page waits for them.",
    )
    waits_until = Time(
        read_only=True, help_text="When it goes out behind a trainee, unless somebody has acknowledged."
    )
    is_out_of_hours = serializers.BooleanField(read_only=True)
    created_at = Time(read_only=True)
    escalation = serializers.CharField(source="escalation_id", allow_null=True, read_only=True)
    sent_at = Time(read_only=True)
    acknowledged_at = Time(read_only=True)
    ended_at = Time(read_only=True)
    recipients = serializers.IntegerField(
        read_only=True, help_text="How many different people its level asked in that pass."
    )
    answer = serializers.CharField(
        read_only=True,
        help_text="Why the person of a page by hand does not come, or who took, in a channel, what it was told.",
    )
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
            "recipients",
            "urgency",
            "planned_at",
            "held_until",
            "in_front",
            "waits_until",
            "is_out_of_hours",
            "over_limit",
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


class PageFilter(django_filters.FilterSet):  # type: ignore[misc]
    """`?alert=` by its id, `?incident=` by its number: the pages about it and about its alerts."""

    alert = django_filters.NumberFilter(field_name="escalation__alert")
    incident = django_filters.NumberFilter(method="by_incident")

    class Meta:
        model = Page
        fields: ClassVar[list[str]] = [
            *("status", "user", "urgency", "escalation", "escalation__alert", "escalation__incident__number")
        ]

    def by_incident(self, found: PageQuerySet, _name: str, number: Any) -> PageQuerySet:
        """Give what is about an incident, or about an alert of it."""
        own = Q(escalation__incident__number=number)
        return found.filter(own | Q(escalation__alert__incident__number=number))


ABOUT_ONE = ("alert", "incident", "escalation", "escalation__alert", "escalation__incident__number")


class PagesLedger(Lists, Shows, ViewSet):
    """Every page: who was asked, why, when, by what, and what became of it.

    A list about an alert, an incident or an escalation has everybody who was asked. Every other list has your own pages,
    those of the people of teams that you manage, and what channels were told; an admin's has all.
    """

    permission_classes = (Pages,)
    serializer_class = PageOut
    filterset_class: Any = PageFilter
    ordering_fields: ClassVar[list[str]] = ["planned_at"]

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.deliveries: dict[int, tuple[Delivery, ...]] = {}

    def get_queryset(self) -> PageQuerySet:
        return paging.pages(self.request.user).order_by("-pk")

    def filter_queryset(self, queryset: Any) -> Any:
        """Leave out whose nights are not the caller's to look at, but for who was asked about one thing."""
        found = super().filter_queryset(queryset)
        if self.detail or any(self.request.query_params.get(name) for name in ABOUT_ONE):
            return found
        whose, overseen = self.request.query_params.get("user"), people.overseen(self.request.user)
        if whose and not overseen.filter(pk=whose).exists():
            raise PermissionDenied(
                "You see your own pages, and those of the people of teams that you manage."
            )
        return found.filter(Q(user=None) | Q(user__in=overseen))

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
        started = operations.page_by_hand(actor=self.person, **self.read(PageByHandIn))
        running = Escalation.objects.get(pk=started)
        answer = {"escalation": str(started), "status": running.status, "pages": []}
        return Response(answer, status=201)

    @extend_schema(request=None, responses=PageOut)
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, ref: str) -> Response:
        """Come, when somebody pages you by hand, and take part in what it is about."""
        page = self._own_page()
        operations.acknowledge(page=page, actor=self.person)
        return self.answer(page)

    @extend_schema(request=DeclineIn, responses=PageOut)
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, ref: str) -> Response:
        """Say that you do not come, and why; whoever is next is asked at once."""
        page = self._own_page()
        operations.decline(page, actor=self.person, reason=self.read(DeclineIn)["reason"])
        return self.answer(page)

    def _own_page(self) -> Page:
        page: Page = self.get_object()
        if page.user_id != self.person.pk:
            raise operations.CannotDecline("Only the person who is paged can answer.")
        return page
