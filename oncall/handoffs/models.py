from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from oncall.schedules.models import Schedule

USUAL_MINUTES, MOST_MINUTES = 30, 240
"""How long people talk at a hand-off unless somebody said otherwise, and at most."""


class KnownDuty(models.Model):
    """Who was to have a schedule when, as far as its people were told: what differs from it is told to them."""

    schedule = models.OneToOneField(Schedule, models.CASCADE, primary_key=True, related_name="+")
    until = models.DateTimeField(help_text="So far ahead it is known.")
    stretches = models.JSONField(default=list, help_text="[[from, to, [who, ...]], ...]")

    def __str__(self) -> str:
        return f"{self.schedule} until {self.until:%Y-%m-%d}"


class Handoff(models.Model):
    """A moment at which others took over a schedule, with a note; without a moment it is the one that is to come."""

    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="handoffs")
    at = models.DateTimeField(null=True)
    outgoing = models.JSONField(default=list, help_text="Whose shift ended.")
    incoming = models.JSONField(default=list, help_text="Whose shift began.")
    text = models.TextField(blank=True)
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    written_at = models.DateTimeField(null=True)
    alerts = models.JSONField(default=list, help_text="Which were open then.")
    incidents = models.JSONField(default=list, help_text="Which were open then.")
    acknowledged_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    acknowledged_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["schedule", "at"], name="handoff_once"),
            models.UniqueConstraint(fields=["schedule"], condition=Q(at=None), name="handoff_to_come_once"),
        ]

    def __str__(self) -> str:
        return f"{self.schedule} {self.at:%Y-%m-%d %H:%M}" if self.at else f"{self.schedule}, to come"


class TaskKind(models.TextChoices):
    AUTOMATION = "automation", "Automate"
    ALERT = "alert", "Tune an alert"
    RUNBOOK = "runbook", "Update a runbook"
    ROOT = "root", "Fix a cause"


class HandoffTask(models.Model):
    """What a shift found that should be better: handed on until it is done."""

    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="handoff_tasks")
    kind = models.CharField(max_length=10, choices=TaskKind.choices)
    text = models.CharField(max_length=200)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    done_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering = [F("created_at").asc(), F("id").asc()]

    def __str__(self) -> str:
        return self.text


class HandoffTalk(models.Model):
    """How long those who hand a schedule over talk, where it is not what is usual; 0: they do not."""

    schedule = models.OneToOneField(Schedule, models.CASCADE, primary_key=True, related_name="talk")
    minutes = models.PositiveSmallIntegerField(help_text="From the hand-off on; 0: they do not talk.")
    changes = models.PositiveIntegerField(
        default=1, db_default=1, help_text="How often it was said: calendars count changes."
    )
    changed_at = models.DateTimeField(default=timezone.now, db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(minutes__lte=MOST_MINUTES), name="handoff_talk_range")
        ]

    def __str__(self) -> str:
        return f"{self.schedule}: {self.minutes}"
