from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from incidents.lifecycle.models import Incident
from incidents.nudges.rules import WORDS, Kind

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from core.accounts.models import User

KINDS = [(kind.value, WORDS[kind].title) for kind in Kind]


class NudgeRule(models.Model):
    """After how long a room is told something. One for a level stands in for the one of every level."""

    kind = models.CharField(max_length=18, choices=KINDS)
    rank = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text="Of the severity, 1 is the worst. Empty: every level without its own.",
    )
    after_seconds = models.PositiveIntegerField()
    every_seconds = models.PositiveIntegerField(
        null=True, blank=True, help_text="Again after that long. Empty: once."
    )
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["kind", "rank"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "rank"], name="nudge_rule_once", nulls_distinct=False),
            models.CheckConstraint(
                condition=Q(every_seconds=None) | Q(every_seconds__gte=60), name="nudge_rule_every"
            ),
        ]

    def __str__(self) -> str:
        level = "every level" if self.rank is None else f"rank {self.rank}"
        return f"{self.get_kind_display()}, {level}"


class State(models.TextChoices):
    OPEN = "open", "Open"
    SETTLED = "settled", "Its reason went away"
    ANSWERED = "answered", "Somebody answered"
    IGNORED = "ignored", "Nobody did anything"


class NudgeQuerySet(models.QuerySet["Nudge"]):
    def visible_to(self, user: User | AnonymousUser) -> NudgeQuerySet:
        """The nudges of the incidents a person may know of."""
        return self.filter(incident__in=Incident.objects.visible_to(user))

    def open(self) -> NudgeQuerySet:
        return self.filter(state=State.OPEN)


class Nudge(models.Model):
    """Something a room was told at a moment, and what its people made of it (R057)."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="nudges")
    kind = models.CharField(max_length=18, choices=KINDS)
    since = models.DateTimeField(help_text="Since when its reason had lasted.")
    due_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now())
    about = ArrayField(models.BigIntegerField(), default=list, help_text="The people it is about, if any.")
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    answer = models.CharField(max_length=500, blank=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    objects = NudgeQuerySet.as_manager()

    class Meta:
        ordering = ["-due_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["incident", "kind", "due_at"], name="nudge_once"),
            models.UniqueConstraint(
                fields=["incident", "kind"], condition=Q(state=State.OPEN), name="nudge_open_once"
            ),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()

    @property
    def text(self) -> str:
        """What it asks for."""
        return WORDS[Kind(self.kind)].text
