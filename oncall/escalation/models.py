from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Now

from core.accounts.models import Team
from incidents.lifecycle.models import Incident
from oncall.alerts.models import Alert, Urgency
from oncall.destinations.models import Destination
from oncall.escalation.rules.acks import MOST_ACKS, acks_said
from oncall.escalation.rules.plans import LONGEST_DESCRIPTION, Turn
from oncall.escalation.rules.reach import NOT_FLAGGED
from oncall.schedules.models import Schedule

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from core.accounts.models import User


class PolicyQuerySet(models.QuerySet["Policy"]):
    def visible_to(self, user: User | AnonymousUser) -> PolicyQuerySet:
        """The policies a person may know of: all of them for everybody who works here."""
        return self if user.is_authenticated and user.is_active else self.none()


class Policy(models.Model):
    """Who is asked, in which order, how long each is waited for, and how often all of it (`repeat` passes in all)."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=80, unique=True)
    description = models.TextField(blank=True)
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="policies")
    repeat = models.PositiveSmallIntegerField(
        default=1, help_text="Passes through all levels in all, at least 1."
    )
    ack_timeout_seconds = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Ask again when an alert was taken so long ago and has not ended; empty: never.",
    )
    acks_needed = models.PositiveSmallIntegerField(
        default=1,
        db_default=1,
        help_text="So many different people must acknowledge before nobody else is asked.",
    )
    is_default = models.BooleanField(default=False, help_text="Takes what no route and no service claims.")
    version = models.PositiveIntegerField(default=1)

    objects = PolicyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "policies"
        constraints = [
            models.CheckConstraint(condition=Q(repeat__gte=1, repeat__lte=10), name="policy_repeat"),
            models.CheckConstraint(
                condition=Q(ack_timeout_seconds=None) | Q(ack_timeout_seconds__gte=60),
                name="policy_ack_timeout",
            ),
            models.CheckConstraint(
                condition=Q(acks_needed__gte=1, acks_needed__lte=MOST_ACKS), name="policy_acks"
            ),
            models.UniqueConstraint(
                fields=["is_default"], condition=Q(is_default=True), name="policy_default_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Level(models.Model):
    """Who is asked together, or in turn; `turn` counts the alerts that were given one by a round robin."""

    policy = models.ForeignKey(Policy, models.CASCADE, related_name="levels")
    position = models.PositiveSmallIntegerField()
    description = models.CharField(
        max_length=LONGEST_DESCRIPTION,
        blank=True,
        default="",
        db_default="",
        help_text='Who they are to the others, as "first line, follows the runbook" or "architect".',
    )
    timeout_seconds = models.PositiveIntegerField(default=300)
    round_robin = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Ask one target at a time: each alert the next one, each pass the one after.",
    )
    turn = models.PositiveBigIntegerField(default=0, db_default=0, editable=False)
    acks_needed = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text="So many different people must acknowledge once this level is asked; empty: as the policy says.",
    )
    pages_everyone = models.BooleanField(
        default=False,
        db_default=False,
        help_text="It may ask a whole team. Without it a level asks people, turns of schedules and channels alone.",
    )
    branch = models.JSONField(
        null=True,
        blank=True,
        help_text='What must hold for it to be asked: {"urgency", "match", "hours"} as in the API; empty: nothing.',
    )

    class Meta:
        ordering = [F("position").asc()]
        constraints = [
            models.UniqueConstraint(
                fields=["policy", "position"], name="level_position", deferrable=models.Deferrable.DEFERRED
            ),
            models.CheckConstraint(condition=Q(timeout_seconds__gte=1), name="level_timeout"),
            models.CheckConstraint(
                condition=Q(acks_needed=None) | Q(acks_needed__gte=1, acks_needed__lte=MOST_ACKS),
                name="level_acks",
            ),
        ]

    def __str__(self) -> str:
        return f"level {self.position + 1}"

    def clean(self) -> None:
        """Refuse to take the flag from a level that asks a whole team."""
        if self.pk and not self.pages_everyone and self.targets.filter(team__isnull=False).exists():
            raise ValidationError({"pages_everyone": NOT_FLAGGED})


class Target(models.Model):
    """A person, a turn of a schedule, everybody in a team who responds, or a channel that is told."""

    level = models.ForeignKey(Level, models.CASCADE, related_name="targets")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    schedule = models.ForeignKey(Schedule, models.PROTECT, null=True, blank=True, related_name="targets")
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="targets")
    destination = models.ForeignKey(
        Destination, models.PROTECT, null=True, blank=True, related_name="targets", verbose_name="channel"
    )
    turn = models.CharField(
        max_length=8,
        choices=[(turn.value, turn.capitalize()) for turn in Turn],
        default=Turn.NOW.value,
        db_default=Turn.NOW.value,
        help_text="Who has the schedule now, whoever else has it next, or whoever else had it before.",
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, schedule=None, team=None, destination=None)
                | Q(user=None, schedule__isnull=False, team=None, destination=None)
                | Q(user=None, schedule=None, team__isnull=False, destination=None)
                | Q(user=None, schedule=None, team=None, destination__isnull=False),
                name="target_is_one",
            ),
            models.CheckConstraint(
                condition=Q(turn=Turn.NOW.value) | Q(schedule__isnull=False), name="target_turn_of_schedule"
            ),
        ]

    def __str__(self) -> str:
        return str(self.schedule_id or self.user_id or self.team_id or self.destination_id)


class LastResort(models.Model):
    """Who is asked, once, when a policy is exhausted and nobody has acknowledged: one row, or none."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    policy = models.ForeignKey(Policy, models.PROTECT, null=True, blank=True, related_name="+")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name_plural = "last resort"
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="last_resort_once"),
            models.CheckConstraint(
                condition=Q(policy=None, user__isnull=False) | Q(policy__isnull=False, user=None),
                name="last_resort_is_one",
            ),
        ]

    def __str__(self) -> str:
        return str(self.policy or self.user)


class EscalationStatus(models.TextChoices):
    ESCALATING = "escalating", "Escalating"
    EXHAUSTED = "exhausted", "Exhausted"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    SNOOZED = "snoozed", "Snoozed"
    CLOSED = "closed", "Closed"


class Escalation(models.Model):
    """One run of a frozen plan, for an alert, an incident, or a message that somebody pages by hand.

    `round` and `level` are the ones to be asked next, `next_at` is when, in database time. Each human transition
    raises `epoch`; messages of an older epoch are suppressed when they are claimed. A page by hand asks for a
    person, not for anybody: it goes on when somebody else takes the alert or the incident. One that asks the last
    resort has none of its own. `note` says why it asks again, to everybody whom it asks from then on. `acks` are
    those who acknowledged one that needs several (`acks_needed`): the id of each as `user`, and `at`. `waits_for`
    says why its next level is asked only when working hours begin.
    With `edits_due` it has changed since its messages in chats were last looked at.
    """

    alert = models.ForeignKey(Alert, models.CASCADE, null=True, related_name="escalations")
    incident = models.ForeignKey(Incident, models.CASCADE, null=True, related_name="escalations")
    policy = models.ForeignKey(Policy, models.SET_NULL, null=True, related_name="+")
    generation = models.PositiveSmallIntegerField(default=1)
    urgency = models.CharField(max_length=4, choices=Urgency.choices, default=Urgency.HIGH)
    plan = models.JSONField()
    message = models.TextField(blank=True)
    by_hand = models.BooleanField(default=False)
    is_last_resort = models.BooleanField(default=False, db_default=False)
    note = models.CharField(max_length=200, blank=True, default="", db_default="")
    waits_for = models.CharField(max_length=200, blank=True, default="", db_default="")
    status = models.CharField(
        max_length=12, choices=EscalationStatus.choices, default=EscalationStatus.ESCALATING
    )
    round = models.PositiveSmallIntegerField(default=0)
    level = models.PositiveSmallIntegerField(default=0)
    epoch = models.PositiveIntegerField(default=1)
    next_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(db_default=Now())
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    acks_needed = models.PositiveSmallIntegerField(default=1, db_default=1)
    acks = models.JSONField(default=list, db_default=Value([], models.JSONField()))
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    exhausted_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    edits_due = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status="escalating", next_at__isnull=False)
                | (~Q(status="escalating") & Q(next_at=None)),
                name="escalation_due_iff_escalating",
            ),
            models.UniqueConstraint(fields=["alert", "generation"], name="escalation_alert_once"),
            models.UniqueConstraint(fields=["incident", "generation"], name="escalation_incident_once"),
            models.CheckConstraint(
                condition=Q(alert__isnull=False) | Q(incident__isnull=False) | ~Q(message=""),
                name="escalation_has_subject",
            ),
        ]
        indexes = [
            models.Index(
                fields=["urgency", "next_at"], condition=Q(status="escalating"), name="escalation_due"
            ),
            models.Index(
                fields=["exhausted_at"], condition=Q(status="exhausted"), name="escalation_unanswered"
            ),
            models.Index(fields=["id"], condition=Q(edits_due=True), name="escalation_edits_due"),
        ]

    def __str__(self) -> str:
        return f"escalation {self.pk}"

    @property
    def acked_by(self) -> list[int]:
        """Who acknowledged one that needs several, in that order."""
        return [int(ack["user"]) for ack in self.acks]

    @property
    def acks_said(self) -> str:
        """How many of those it needs have acknowledged, "" where nobody has or one is enough."""
        return acks_said(len(self.acks), self.acks_needed) if self.acks else ""
