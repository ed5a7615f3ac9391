from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q

from incidents.audiences.models import AudienceList
from incidents.lifecycle.models import Incident
from incidents.owed.rules import TITLES, Kind

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from core.accounts.models import User

KINDS = [(kind.value, TITLES[kind]) for kind in Kind]


class OwedRule(models.Model):
    """Within how long somebody outside the room must have heard of an incident of one level (R109, R110, R111)."""

    kind = models.CharField(max_length=10, choices=KINDS)
    rank = models.PositiveSmallIntegerField(help_text="Of the severity, 1 is the worst.")
    within_seconds = models.PositiveIntegerField(
        help_text="Counted from the declaration; for what happened, from the end."
    )
    soon_seconds = models.PositiveIntegerField(
        null=True, blank=True, help_text="Reminded that long before. Empty: not before it is due."
    )
    again_seconds = models.PositiveIntegerField(
        null=True, blank=True, help_text="Late, reminded again after that long, twice. Empty: once."
    )
    for_list = models.ForeignKey(
        AudienceList,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="The list that has to be told; the status page needs none.",
    )
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["kind", "rank"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "rank"], name="owed_rule_once"),
            models.CheckConstraint(condition=Q(within_seconds__gte=60), name="owed_rule_within"),
            models.CheckConstraint(
                condition=Q(again_seconds=None) | Q(again_seconds__gte=60), name="owed_rule_again"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, rank {self.rank}"


class State(models.TextChoices):
    OPEN = "open", "Still to do"
    DONE = "done", "Done"
    NOT_NEEDED = "not_needed", "Not needed"
    NOT_ASKED = "not_asked", "No longer asked for"


class OwedQuerySet(models.QuerySet["OwedWord"]):
    def visible_to(self, user: User | AnonymousUser) -> OwedQuerySet:
        """What is owed in the incidents a person may know of."""
        return self.filter(incident__in=Incident.objects.visible_to(user))

    def open(self) -> OwedQuerySet:
        return self.filter(state=State.OPEN)


class OwedWord(models.Model):
    """A word that somebody outside the room must have by a time. It ends by being said, or by a reason; not by itself."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="owed_words")
    kind = models.CharField(max_length=10, choices=KINDS)
    since = models.DateTimeField(help_text="From when its time counts.")
    due_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    reminded_at = models.DateTimeField(null=True, help_text="Which of its moments was said last.")
    why = models.CharField(max_length=500, blank=True, help_text="Why it is not needed.")
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    objects = OwedQuerySet.as_manager()

    class Meta:
        ordering = ["due_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["incident", "kind"], name="owed_word_once"),
            models.CheckConstraint(
                condition=~Q(state="not_needed") | ~Q(why=""), name="owed_word_has_reason"
            ),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()

    @property
    def is_late(self) -> bool:
        """Whether it was said after its time."""
        return self.state == State.DONE and self.ended_at is not None and self.ended_at > self.due_at
