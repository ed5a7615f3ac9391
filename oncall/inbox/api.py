from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action

from core.accounts import queries as people
from core.accounts.models import User
from core.api.fields import Id, Seconds, SlugOrId, Time
from core.api.permissions import Responds
from core.api.views import Lists, Shows, ViewSet
from incidents.severities.models import Severity
from oncall.alerts import operations as alerts
from oncall.alerts.models import Alert, Verdict
from oncall.escalation import operations as escalation
from oncall.inbox import operations, queries

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.response import Response

    from oncall.alerts.models import AlertQuerySet


class AlertSerializer(serializers.ModelSerializer[Alert]):
    id = Id()
    service = serializers.CharField(source="service.slug", default=None, allow_null=True, read_only=True)
    incident = serializers.CharField(allow_null=True, read_only=True)
    acknowledged_by = serializers.CharField(source="acknowledged_by_id", allow_null=True, read_only=True)
    first_at = Time(read_only=True)
    last_at = Time(read_only=True)
    acknowledged_at = Time(read_only=True)
    resolved_at = Time(read_only=True)
    snoozed_until = Time(read_only=True)
    judged_by = serializers.CharField(source="judged_by_id", allow_null=True, read_only=True)
    judged_at = Time(read_only=True)
    acks_needed = serializers.SerializerMethodField()
    acks = serializers.SerializerMethodField()
    nature = serializers.CharField(read_only=True, help_text='symptom, cause, or "" where nothing says so.')
    checklist = serializers.ListField(child=serializers.CharField(), read_only=True)
    url = serializers.SerializerMethodField()

    class Meta:
        model = Alert
        fields: ClassVar[list[str]] = [
            "id",
            "status",
            "title",
            "description",
            "service",
            "urgency",
            "severity",
            "labels",
            "annotations",
            "links",
            "dedup_key",
            "count",
            "first_at",
            "last_at",
            "acknowledged_at",
            "acknowledged_by",
            "acks_needed",
            "acks",
            "resolved_at",
            "snoozed_until",
            "verdict",
            "judged_at",
            "judged_by",
            "incident",
            "routed_by",
            "nature",
            "not_paged",
            "checklist",
            "url",
        ]
        read_only_fields = fields

    def get_acks_needed(self, alert: Alert) -> int:
        """Give how many different people must acknowledge."""
        return getattr(alert, "acks_needed", None) or 1

    def get_acks(self, alert: Alert) -> list[str]:
        """Give who has, where one is not enough; the alert is acknowledged once they are enough."""
        return [str(ack["user"]) for ack in getattr(alert, "acks", None) or ()]

    def get_url(self, alert: Alert) -> str:
        return queries.address(alert)


class SnoozeInput(serializers.Serializer[dict[str, Any]]):
    duration_seconds = Seconds(min_value=60, max_value=30 * 86400)


class VerdictInput(serializers.Serializer[dict[str, Any]]):
    verdict = serializers.ChoiceField(choices=Verdict.choices)


class FixInput(serializers.Serializer[dict[str, Any]]):
    what = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    owner = SlugOrId(lambda _: people.people(), slug=None, required=False, allow_null=True, default=None)


class DeclareInput(serializers.Serializer[dict[str, Any]]):
    title = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    severity = SlugOrId(
        lambda _: Severity.objects.filter(is_active=True), required=False, allow_null=True, default=None
    )


class Alerts(Lists, Shows, ViewSet):
    """What signals with one dedup key of one source are about."""

    permission_classes = (Responds,)
    serializer_class = AlertSerializer
    filterset_fields: ClassVar[dict[str, list[str]]] = {
        "status": ["exact"],
        "urgency": ["exact"],
        "verdict": ["exact"],
        "nature": ["exact"],
        "service__slug": ["exact"],
        "dedup_key": ["exact"],
    }
    search_fields: ClassVar[list[str]] = ["title", "description"]
    ordering_fields: ClassVar[list[str]] = ["first_at", "last_at"]

    def get_queryset(self) -> AlertQuerySet:
        return queries.with_acks(queries.visible(self.request.user)).order_by("-first_at")  # type: ignore[arg-type]

    @extend_schema(request=None, responses=AlertSerializer)
    @action(detail=True, methods=["post"])
    def acknowledge(self, request: Request, ref: str) -> Response:
        """Take it; nobody else is woken. A second time changes nothing."""
        alert = self.get_object()
        escalation.acknowledge(alert=alert, actor=_person(request))
        return self.answer(alert)

    @extend_schema(request=None, responses=AlertSerializer)
    @action(detail=True, methods=["post"])
    def unacknowledge(self, request: Request, ref: str) -> Response:
        """Give it back; escalation goes on."""
        alert = self.get_object()
        escalation.unacknowledge(alert=alert, actor=_person(request))
        return self.answer(alert)

    @extend_schema(request=None, responses=AlertSerializer)
    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, ref: str) -> Response:
        """End it and everything that asks about it."""
        alert = self.get_object()
        escalation.resolve(alert=alert, actor=_person(request))
        return self.answer(alert)

    @extend_schema(request=None, responses=AlertSerializer)
    @action(detail=True, methods=["post"])
    def escalate(self, request: Request, ref: str) -> Response:
        """Ask the next level now."""
        alert = self.get_object()
        escalation.escalate_now(alert=alert, actor=_person(request))
        return self.answer(alert)

    @extend_schema(request=SnoozeInput, responses=AlertSerializer)
    @action(detail=True, methods=["post"])
    def snooze(self, request: Request, ref: str) -> Response:
        """Ask nobody for so many seconds, then start from the top."""
        alert = self.get_object()
        escalation.snooze(
            alert=alert, seconds=self.read(SnoozeInput)["duration_seconds"], actor=_person(request)
        )
        return self.answer(alert)

    @extend_schema(request=VerdictInput, responses=AlertSerializer)
    @action(detail=True, methods=["post"])
    def judge(self, request: Request, ref: str) -> Response:
        """Say whether an alert that is over was worth waking somebody; the last word counts."""
        alert = self.get_object()
        verdict = Verdict(self.read(VerdictInput)["verdict"])
        alerts.judge_alert(alert.pk, verdict=verdict, actor=_person(request))
        return self.answer(alert)

    @extend_schema(request=FixInput, responses=AlertSerializer)
    @action(detail=True, methods=["post"])
    def fix(self, request: Request, ref: str) -> Response:
        """Say that it is no incident: it ends, and putting its rule right becomes an action item."""
        alert, data = self.get_object(), self.read(FixInput)
        owner = data["owner"] or queries.fixers(_person(request), alert)[0]
        operations.ask_to_fix(alert, what=data["what"], owner=owner, actor=_person(request))
        return self.answer(alert)

    @extend_schema(request=DeclareInput, responses={201: AlertSerializer})
    @action(detail=True, methods=["post"])
    def declare(self, request: Request, ref: str) -> Response:
        """Make an incident of it, with everything carried over; `incident` is its number."""
        alert = self.get_object()
        operations.declare(alert, actor=_person(request), **self.read(DeclareInput))
        return self.answer(alert, status=201)


def _person(request: Request) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - the permission has let nobody else through
    return request.user
