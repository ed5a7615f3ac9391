from __future__ import annotations

from typing import TYPE_CHECKING

import pgtrigger
from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce, Now

from core.accounts import visit
from core.accounts.models import Role
from incidents.catalog.models import Service
from incidents.lifecycle.rules import ACTIVE, ENDED, Status
from incidents.severities.models import Severity

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import AnonymousUser

    from core.accounts.models import User

FACTS = (
    "title", "summary", "impact", "hypothesis", "next_decision", "blast_radius", "recent_changes", "who_else",
)  # fmt: skip
"""What people write about an incident, in which its words are found."""
STATUSES = [(status.value, status.value.capitalize()) for status in Status]


class RoleDefinitionQuerySet(models.QuerySet["RoleDefinition"]):
    def visible_to(self, user: User | AnonymousUser) -> RoleDefinitionQuerySet:
        """The roles a person may know of: all of them, once signed in."""
        return self.all() if user.is_authenticated and user.is_active else self.none()


class RoleDefinition(models.Model):
    """A role people take in an incident: configured, with its duties and what it must not do (R074)."""

    slug = models.SlugField(max_length=20, unique=True)
    name = models.CharField(max_length=40)
    position = models.PositiveSmallIntegerField(default=0)
    duties = models.TextField(blank=True)
    must_not = models.TextField(blank=True)
    is_commander = models.BooleanField(default=False)
    is_exclusive = models.BooleanField(default=True, help_text="At most one person holds it at a time.")
    reports_to = models.SlugField(
        max_length=20,
        blank=True,
        help_text="The role to which it reports. Empty, or nobody holds that: whoever commands.",
    )

    objects = RoleDefinitionQuerySet.as_manager()

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_commander"], condition=Q(is_commander=True), name="one_commander_role"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Trigger(models.TextChoices):
    PERSON = "person", "A person's report"
    ALERT = "alert", "An alert"
    EXTERNAL = "external", "An outside report"


class Outcome(models.TextChoices):
    """Why an incident ended without being resolved."""

    FALSE_ALARM = "false_alarm", "False alarm"
    ACCEPTED_RISK = "accepted_risk", "Accepted risk"
    DUPLICATE = "duplicate", "Duplicate"


OVER_AT = Coalesce("resolved_at", "closed_at")
"""When it was over; null while it is open."""


class IncidentQuerySet(models.QuerySet["Incident"]):
    def active(self) -> IncidentQuerySet:
        return self.filter(status__in=ACTIVE)

    def counted(self) -> IncidentQuerySet:
        """Those that figures count: no practice, nothing that was a false alarm (R015), and nothing twice."""
        return self.filter(drill=False).exclude(outcome__in=(Outcome.FALSE_ALARM, Outcome.DUPLICATE))

    def visible_to(self, user: User | AnonymousUser) -> IncidentQuerySet:
        """The incidents a person may know of; a private one only when they are a member of it."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        return self.filter(Q(private=False) | known_to(user, "pk"))


def known_to(user: User | AnonymousUser, incident: str) -> Q:
    """Whether a person is a member of the private incident whose id `incident` names, or reads it in an emergency.

    Emergency access is an admin's and only looks: for a request that writes it is not there.
    """
    member = Q(models.Exists(Participant.objects.filter(incident=models.OuterRef(incident), user=user.pk)))
    if visit.writes() or getattr(user, "role", "") != Role.ADMIN:
        return member
    opened = EmergencyAccess.objects.filter(
        incident=models.OuterRef(incident), user=user.pk, ended_at=None, ends_at__gt=Now()
    )
    return member | Q(models.Exists(opened))


class Incident(models.Model):
    """One incident, from declaration to closure. Its times are stored apart and can be corrected (R049)."""

    number = models.PositiveIntegerField(unique=True)
    title = models.CharField(max_length=200)
    status = models.CharField(max_length=14, choices=STATUSES, default=Status.INVESTIGATING)
    severity = models.ForeignKey(Severity, models.PROTECT, related_name="incidents")
    services: models.ManyToManyField[Service, models.Model] = models.ManyToManyField(
        Service, related_name="incidents", blank=True
    )
    private = models.BooleanField(default=False)
    drill = models.BooleanField(default=False)
    trigger = models.CharField(max_length=10, choices=Trigger.choices, default=Trigger.PERSON)
    declared_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    summary = models.TextField(blank=True)
    impact = models.TextField(blank=True)
    hypothesis = models.TextField(blank=True)
    hypothesis_confirmed = models.BooleanField(default=False)
    next_decision = models.TextField(blank=True)
    blast_radius = models.TextField(blank=True)
    recent_changes = models.TextField(blank=True)
    who_else = models.TextField(blank=True)
    outcome = models.CharField(max_length=20, choices=Outcome.choices, blank=True)

    started_at = models.DateTimeField(null=True)
    detected_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    declared_at = models.DateTimeField(db_default=Now())
    identified_at = models.DateTimeField(null=True)
    mitigated_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    reopened = models.PositiveSmallIntegerField(default=0)
    resolved_times = models.PositiveSmallIntegerField(default=0)
    resolved_early = models.BooleanField(default=False)

    next_update_due_at = models.DateTimeField(null=True)
    update_every_seconds = models.PositiveIntegerField(null=True, blank=True)
    last_update_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)
    idempotency_key = models.UUIDField(null=True, unique=True)

    objects = IncidentQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["severity", "declared_at"], condition=Q(status__in=ACTIVE), name="incident_active"
            ),
            models.Index(fields=["-resolved_at"], name="incident_resolved"),
            models.Index(
                OVER_AT.desc(),
                models.F("number").desc(),
                condition=Q(status__in=ENDED),
                name="incident_ended",
            ),
            GinIndex(SearchVector(*FACTS, config="simple"), name="incident_words"),
        ]

    def __str__(self) -> str:
        return f"INC-{self.number}"

    @property
    def is_active(self) -> bool:
        return self.status in ACTIVE

    @property
    def impact_until(self) -> datetime | None:
        """When customers stopped being affected; None while they are."""
        return self.mitigated_at or self.resolved_at or self.closed_at

    @property
    def open_until(self) -> datetime | None:
        """When it was over; None while it is open."""
        return self.resolved_at or self.closed_at

    @property
    def impact_seconds(self) -> float | None:
        """How long customers were affected, until it was mitigated or over; None for a false alarm or while it lasts."""
        end = self.mitigated_at or self.resolved_at
        begin = self.started_at or self.declared_at
        return None if end is None or self.outcome else max(0.0, (end - begin).total_seconds())

    @property
    def ack_seconds(self) -> float | None:
        """How long it took from detection until somebody took it; None where nobody had to."""
        if self.acknowledged_at is None:
            return None
        begin = self.detected_at or self.declared_at
        return max(0.0, (self.acknowledged_at - begin).total_seconds())


class AcceptedRisk(models.Model):
    """What the business lives with instead of going on: which risk, how it is watched, who decided (R017)."""

    incident = models.OneToOneField(Incident, models.CASCADE, related_name="accepted_risk")
    risk = models.TextField()
    monitoring = models.TextField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.risk


class RoleAssignment(models.Model):
    """Who holds a role, from when until when."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="roles")
    role = models.ForeignKey(RoleDefinition, models.PROTECT, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="incident_roles")
    exclusive = models.BooleanField(default=True)
    started_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "role"], condition=Q(ended_at=None, exclusive=True), name="role_held_once"
            ),
            models.UniqueConstraint(
                fields=["incident", "role", "user"],
                condition=Q(ended_at=None),
                name="role_held_by_person_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role_id} {self.user_id}"


class Participant(models.Model):
    """A person who takes part: declared, holds a role, was paged or was asked in. The members of a private incident."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="participants")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    joined_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["incident", "user"], name="participant_once")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.incident_id}"


class EmergencyAccess(models.Model):
    """A look of an admin into a private incident they are no member of: why, and until when it lasts at most."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="emergencies")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    reason = models.TextField()
    opened_at = models.DateTimeField(db_default=Now())
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-opened_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "incident"], condition=Q(ended_at=None), name="emergency_access_once"
            )
        ]
        indexes = [models.Index(fields=["user", "-opened_at"], name="emergency_access_latest")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.incident_id} until {self.ends_at}"


class EntryKind(models.TextChoices):
    DECLARED = "declared", "Declared"
    STATUS = "status", "Status"
    SEVERITY = "severity", "Severity"
    ROLE = "role", "Role"
    PICTURE = "picture", "Current picture"
    HYPOTHESIS = "hypothesis", "Hypothesis"
    NOTE = "note", "Note"
    DECISION = "decision", "Decision"
    ACTION = "action", "Action"
    UPDATE = "update", "Update"
    PUBLIC_UPDATE = "public_update", "Public update"
    ALERT = "alert", "Alert"
    PAGE = "page", "Page"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    CHANGE = "change", "Change"
    TASK = "task", "Task"
    REMINDER = "reminder", "Reminder"
    CORRECTION = "correction", "Correction"
    ACCESS = "access", "Access"
    REDACTION = "redaction", "Redaction"
    TIE = "tie", "Tie"


class TimelineQuerySet(models.QuerySet["TimelineEntry"]):
    def visible_to(self, user: User | AnonymousUser) -> TimelineQuerySet:
        """The entries of the incidents a person may know of."""
        return self.filter(incident__in=Incident.objects.visible_to(user))

    def newest_first(self) -> TimelineQuerySet:
        return self.order_by("-at", "-id")


class TimelineEntry(models.Model):
    """What happened, when, by whom. Append-only: a trigger refuses update and delete."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="timeline")
    kind = models.CharField(max_length=14, choices=EntryKind.choices)
    text = models.TextField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(db_default=Now())
    recorded_at = models.DateTimeField(db_default=Now())
    data = models.JSONField(default=dict)

    objects = TimelineQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["incident", "-at", "-id"], name="timeline_order"),
            GinIndex(SearchVector("text", config="simple"), name="timeline_words"),
        ]
        triggers = [
            pgtrigger.Protect(name="timeline_append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return self.text
