from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from incidents.lifecycle.models import Incident
from incidents.severities.models import Severity
from incidents.updates.models import Audience, Update

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from core.accounts.models import User


class By(models.TextChoices):
    COMMUNICATIONS = "communications", "Whoever has communications, else the commander"
    SECOND = "second", "A second person who responds"


class ApprovalRule(models.Model):
    """Which updates somebody else looks at before they go out. Without a rule nobody does."""

    audience = models.CharField(max_length=8, choices=Audience.choices, default=Audience.PUBLIC)
    severity = models.ForeignKey(
        Severity,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty: every level without its own.",
    )
    by = models.CharField(max_length=14, choices=By.choices, default=By.SECOND)
    remind_seconds = models.PositiveIntegerField(default=300, help_text="After so long they are asked again.")
    lapse_seconds = models.PositiveIntegerField(
        default=1800, help_text="After so long it lapses: nothing is published, and who asked is told."
    )
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["audience", "severity__rank"]
        constraints = [
            models.UniqueConstraint(
                fields=["audience", "severity"], name="approval_rule_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=Q(remind_seconds__gte=30, lapse_seconds__gt=models.F("remind_seconds")),
                name="approval_rule_spans",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_audience_display()}, {self.severity or 'every level'}"


class State(models.TextChoices):
    WAITING = "waiting", "Waiting"
    APPROVED = "approved", "Approved"
    DECLINED = "declined", "Declined"
    LAPSED = "lapsed", "Lapsed"


class ApprovalQuerySet(models.QuerySet["Approval"]):
    def visible_to(self, user: User | AnonymousUser) -> ApprovalQuerySet:
        """What waits in the incidents that a person may know of."""
        return self.filter(incident__in=Incident.objects.visible_to(user))


class Approval(models.Model):
    """An update as it was written, waiting for somebody else's yes. Its words are never changed: others are asked anew."""

    key = models.UUIDField(default=uuid4, unique=True)
    incident = models.ForeignKey(Incident, models.CASCADE, related_name="approvals")
    audience = models.CharField(max_length=8, choices=Audience.choices)
    by = models.CharField(max_length=14, choices=By.choices)
    content = models.JSONField(help_text="What was asked for, as it is published.")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(db_default=Now())
    lapses_at = models.DateTimeField()
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)
    why = models.CharField(max_length=500, blank=True)
    update = models.ForeignKey(Update, models.SET_NULL, null=True, related_name="+")

    objects = ApprovalQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "audience"], condition=Q(state="waiting"), name="approval_waits_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_audience_display()} update of {self.incident}"
