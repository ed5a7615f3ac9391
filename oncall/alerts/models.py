from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from incidents.catalog.models import Service
from incidents.lifecycle.models import Incident, known_to
from oncall.alerts.rules import checklist

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from core.accounts.models import User


class Kind(models.TextChoices):
    ALERTMANAGER = "alertmanager", "Prometheus Alertmanager"
    GENERIC = "generic", "Generic JSON"
    PAGERDUTY = "pagerduty", "PagerDuty Events v2"


CANARY = "canary"
"""The kind of the product's own source of test pages, which nobody sees and nobody makes."""


class IntegrationQuerySet(models.QuerySet["Integration"]):
    def visible_to(self, user: User | AnonymousUser) -> IntegrationQuerySet:
        """The sources a person may know of: all for everybody who works here, none for anybody else."""
        return self.exclude(kind=CANARY) if user.is_authenticated and user.is_active else self.none()


class Integration(models.Model):
    """Where signals come from: a kind and a key. The key is shown once; here are its start and its hash."""

    kind = models.CharField(max_length=20, choices=Kind.choices)
    name = models.CharField(max_length=80)
    service = models.ForeignKey(Service, models.SET_NULL, null=True, blank=True, related_name="integrations")
    key_prefix = models.CharField(max_length=8)
    key_hash = models.CharField(max_length=64, unique=True)
    is_active = models.BooleanField(default=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    last_signal_at = models.DateTimeField(null=True)

    objects = IntegrationQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class SignalState(models.TextChoices):
    """A refused signal was answered with an error; a poisonous one was accepted but not understood."""

    NEW = "new", "Waiting"
    PROCESSED = "processed", "Processed"
    POISON = "poison", "Not understood"
    REFUSED = "refused", "Refused"


class Signal(models.Model):
    """One raw payload as it came in: stored first, processed after. Append-only but for its state."""

    integration = models.ForeignKey(Integration, models.CASCADE, related_name="signals")
    request_key = models.CharField(max_length=200, null=True)  # noqa: DJ001 - unique only where given
    kind = models.CharField(max_length=20)
    content_type = models.CharField(max_length=100, blank=True)
    body = models.BinaryField()
    received_at = models.DateTimeField(db_default=Now())
    state = models.CharField(max_length=10, choices=SignalState.choices, db_default="new")
    attempts = models.PositiveSmallIntegerField(db_default=0)
    due_at = models.DateTimeField(db_default=Now())
    processed_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True, db_default="")
    dedup_key = models.CharField(max_length=255, blank=True, db_default="")
    asked_early = models.JSONField(
        null=True, help_text="Who was paged about it by break-glass before it was a row."
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["integration", "request_key"], name="signal_once")]
        indexes = [
            models.Index(fields=["integration", "id"], condition=Q(state="new"), name="signal_new"),
            models.Index(fields=["integration", "-received_at"], name="signal_recent"),
        ]

    def __str__(self) -> str:
        return f"signal {self.pk}"


class ReceiptOutcome(models.TextChoices):
    """A refused file came with a key that is not good any more; a damaged one lies in quarantine."""

    STORED = "stored", "Stored"
    REFUSED = "refused", "Refused"
    DAMAGED = "damaged", "Damaged"


class SpoolReceipt(models.Model):
    """That a file of the spool was dealt with, written with what was made of it: none is taken in twice."""

    name = models.CharField(max_length=200, unique=True)
    outcome = models.CharField(max_length=10, choices=ReceiptOutcome.choices)
    detail = models.CharField(max_length=500, blank=True)
    received_at = models.DateTimeField(null=True)
    drained_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name


class IngestError(models.Model):
    """A signal that was refused or could only be understood in part: shown, never dropped in silence."""

    integration = models.ForeignKey(Integration, models.CASCADE, null=True, related_name="errors")
    signal = models.ForeignKey(Signal, models.SET_NULL, null=True, related_name="+")
    kind = models.CharField(max_length=20)
    detail = models.CharField(max_length=500)
    count = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField(db_default=Now())
    last_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["integration", "kind", "detail"], nulls_distinct=False, name="ingest_error_once"
            )
        ]
        indexes = [models.Index(fields=["-last_at"], name="ingest_error_recent")]

    def __str__(self) -> str:
        return self.detail


class Status(models.TextChoices):
    TRIGGERED = "triggered", "Triggered"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    RESOLVED = "resolved", "Resolved"
    SUPPRESSED = "suppressed", "Suppressed"


class Urgency(models.TextChoices):
    HIGH = "high", "High"
    LOW = "low", "Low"


class Nature(models.TextChoices):
    """Whether an alert is what users feel, which pages, or one of its causes, which does not by itself."""

    SYMPTOM = "symptom", "Symptom"
    CAUSE = "cause", "Cause"


class Verdict(models.TextChoices):
    """What people say of an alert that is over: was it right to wake somebody?"""

    WORTH_WAKING = "worth_waking", "Worth waking"
    FALSE_ALARM = "false_alarm", "False alarm"
    NOT_ACTIONABLE = "not_actionable", "Not actionable"
    LACKED_DETAIL = "lacked_detail", "Lacked detail"


class AlertQuerySet(models.QuerySet["Alert"]):
    def open(self) -> AlertQuerySet:
        return self.exclude(status=Status.RESOLVED)

    def visible_to(self, user: User | AnonymousUser) -> AlertQuerySet:
        """The alerts a person may know of; one of a private incident only when they are a member of it."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        return self.exclude(integration__kind=CANARY).filter(
            Q(incident=None) | Q(incident__private=False) | known_to(user, "incident")
        )


class Alert(models.Model):
    """What signals with one dedup key of one source are about. At most one is open per source and key."""

    integration = models.ForeignKey(Integration, models.PROTECT, null=True, related_name="alerts")
    dedup_key = models.CharField(max_length=1024)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.TRIGGERED)
    title = models.CharField(max_length=1024)
    description = models.TextField(blank=True)
    severity = models.CharField(max_length=20, blank=True)
    urgency = models.CharField(max_length=4, choices=Urgency.choices, default=Urgency.HIGH)
    service = models.ForeignKey(Service, models.SET_NULL, null=True, related_name="alerts")
    incident = models.ForeignKey(Incident, models.SET_NULL, null=True, related_name="alerts")
    labels = models.JSONField(default=dict)
    annotations = models.JSONField(default=dict)
    links = models.JSONField(default=list)
    routed_by = models.CharField(
        max_length=300, blank=True, help_text="Which rule chose service and policy, in words."
    )
    nature = models.CharField(max_length=8, choices=Nature.choices, blank=True, default="", db_default="")
    not_paged = models.CharField(
        max_length=120, blank=True, default="", db_default="", help_text="Why nobody was asked about it."
    )
    is_test = models.BooleanField(default=False)
    count = models.PositiveIntegerField(default=1)
    started_at = models.DateTimeField(null=True)
    first_at = models.DateTimeField(db_default=Now())
    last_at = models.DateTimeField(db_default=Now())
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    snoozed_until = models.DateTimeField(null=True)
    verdict = models.CharField(max_length=14, choices=Verdict.choices, blank=True, db_default="")
    judged_at = models.DateTimeField(null=True)
    judged_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    objects = AlertQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["integration", "dedup_key"], condition=~Q(status="resolved"), name="alert_open_once"
            )
        ]
        indexes = [
            models.Index(fields=["-last_at"], condition=~Q(status="resolved"), name="alert_open"),
            models.Index(
                fields=["first_at"],
                condition=Q(status="triggered", urgency="high", snoozed_until=None),
                name="alert_wanting",
            ),
            models.Index(fields=["service", "-first_at"], name="alert_service"),
            models.Index(fields=["-first_at"], name="alert_recent"),
            # Each alert pays for its own words, and none for those of the ones before it.
            GinIndex(SearchVector("title", config="simple"), fastupdate=False, name="alert_words"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def checklist(self) -> list[str]:
        """The steps that its source gives to whoever looks at it."""
        return checklist(self.annotations)
