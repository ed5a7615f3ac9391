from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from incidents.lifecycle.models import Incident

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from core.accounts.models import User


class State(models.TextChoices):
    WAITING = "waiting", "Waiting"
    ACCEPTED = "accepted", "Accepted"
    DECLINED = "declined", "Declined"
    WITHDRAWN = "withdrawn", "Withdrawn"
    LAPSED = "lapsed", "Lapsed"


class HandOverQuerySet(models.QuerySet["HandOver"]):
    def visible_to(self, user: User | AnonymousUser) -> HandOverQuerySet:
        """What was offered in the incidents that a person may know of."""
        return self.filter(incident__in=Incident.objects.visible_to(user))

    def waiting(self) -> HandOverQuerySet:
        return self.filter(state=State.WAITING)


class HandOver(models.Model):
    """Command, offered to somebody. Until they accept, whoever commanded goes on (R080)."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="hand_overs")
    holder = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        help_text="Who commanded when it was offered; nobody, where nobody did.",
    )
    offered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        help_text="Nobody, where the severity asks somebody by itself.",
    )
    to = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    briefing = models.TextField()
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    offered_at = models.DateTimeField(db_default=Now())
    lapses_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    why = models.CharField(max_length=500, blank=True)
    asked_as = models.CharField(
        max_length=200, blank=True, default="", db_default="", help_text="Why the severity asks this person."
    )
    paged_as = models.PositiveBigIntegerField(
        null=True, unique=True, help_text="The number of the escalation that asks them."
    )
    paged_at = models.DateTimeField(null=True, help_text="When the first message of it was sent.")

    objects = HandOverQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["incident"], condition=Q(state="waiting"), name="hand_over_waits_once"
            )
        ]

    def __str__(self) -> str:
        return f"Command of {self.incident} for {self.to}"

    @property
    def is_by_level(self) -> bool:
        """Whether the severity asked, and not a person."""
        return self.offered_by_id is None


class PoolQuerySet(models.QuerySet["TrainedCommander"]):
    def visible_to(self, user: User | AnonymousUser) -> PoolQuerySet:
        """Who is trained to command: everybody who is signed in may know."""
        return self.all() if user.is_authenticated and user.is_active else self.none()


class TrainedCommander(models.Model):
    """Somebody who was trained to command: command goes round among them, not to the most senior (R087)."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="trained_commander")
    note = models.CharField(max_length=200, blank=True, help_text="When and how they were trained.")
    added_at = models.DateTimeField(db_default=Now())
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    objects = PoolQuerySet.as_manager()

    class Meta:
        ordering = ["user__name", "pk"]

    def __str__(self) -> str:
        return str(self.user)
