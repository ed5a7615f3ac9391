from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator
from django.db import models

from incidents.catalog.models import Tier

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from core.accounts.models import User


class Paging(models.TextChoices):
    """Whether and when a declared incident of this level wakes people (R033)."""

    ALWAYS = "always", "Page at once, day and night"
    BUSINESS_HOURS = "business_hours", "Page in business hours"
    MESSAGE = "message", "Send a message, wake nobody"
    NONE = "none", "Nothing is sent"


class Separation(models.TextChoices):
    """Whether one person may command and do something beside it (R077)."""

    FREE = "free", "Allowed"
    FLAGGED = "flagged", "Allowed, and the room says so"
    BLOCKED = "blocked", "Not allowed"


class Anchor(models.TextChoices):
    """From when on it counts as stable (R064)."""

    MITIGATED = "mitigated", "From when it was mitigated"
    MONITORING = "monitoring", "From when monitoring confirmed it"


class SeverityQuerySet(models.QuerySet["Severity"]):
    def active(self) -> SeverityQuerySet:
        return self.filter(is_active=True).order_by("rank")

    def visible_to(self, user: User | AnonymousUser) -> SeverityQuerySet:
        """The levels a person may know of: all of them, once signed in."""
        return self.all() if user.is_authenticated and user.is_active else self.none()


class Severity(models.Model):
    """One level of the configured scale. Rank 1 is the worst."""

    slug = models.SlugField(max_length=20, unique=True)
    rank = models.PositiveSmallIntegerField(help_text="1 is the worst.")
    name = models.CharField(max_length=40)
    label = models.CharField(max_length=10, help_text="Short form on badges, as SEV1.")
    aliases = ArrayField(
        models.CharField(max_length=20), default=list, blank=True, help_text="Other words for it, as P1."
    )
    definition = models.TextField(blank=True, help_text="What customers experience at this level.")
    response = models.TextField(blank=True, help_text="What is expected of responders.")
    example = models.TextField(blank=True)
    audiences = ArrayField(
        models.CharField(max_length=40), default=list, blank=True, help_text="Who is told at this level."
    )
    update_every_seconds = models.PositiveIntegerField(null=True, blank=True, help_text="Empty: no rhythm.")
    respond_within_seconds = models.PositiveIntegerField(null=True, blank=True)
    required_roles = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    separation = models.CharField(
        "one person commands and leads the technical work",
        max_length=8,
        choices=Separation.choices,
        default=Separation.FREE,
    )
    two_incidents = models.CharField(
        "one person commands another incident as well",
        max_length=8,
        choices=Separation.choices,
        default=Separation.FLAGGED,
    )
    commander_within_seconds = models.PositiveIntegerField(
        "somebody is asked to command at once",
        null=True,
        blank=True,
        validators=[MinValueValidator(60)],
        help_text="Who is on call to command is paged when it is declared, and the next one after so many seconds"
        " without an answer. Empty: nobody is asked by itself.",
    )
    paging = models.CharField(max_length=16, choices=Paging.choices, default=Paging.NONE)
    needs_postmortem = models.BooleanField(default=False)
    stable_seconds = models.PositiveIntegerField(
        null=True,
        blank=True,
        default=1800,
        help_text="How long it stays mended before it is called resolved without a reason. Empty: no wait.",
    )
    stable_since = models.CharField(max_length=10, choices=Anchor.choices, default=Anchor.MITIGATED)
    affected_percent = models.DecimalField(
        max_digits=5,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="Share of users from which it is this level.",
    )
    affected_above = models.BooleanField(default=False, help_text="More than that share, not from it on.")
    if_data_lost = models.BooleanField(default=False, help_text="Lost or corrupted data is this level.")
    if_critical_down = models.BooleanField(default=False, help_text="A critical feature down is this level.")
    is_active = models.BooleanField(default=True)

    objects = SeverityQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "severities"
        constraints = [
            models.UniqueConstraint(
                fields=["rank"], deferrable=models.Deferrable.DEFERRED, name="severity_rank_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.label} {self.name}"


class QuestionQuerySet(models.QuerySet["Question"]):
    def visible_to(self, user: User | AnonymousUser) -> QuestionQuerySet:
        """The questions a person may know of: all of them, once signed in."""
        return self.all() if user.is_authenticated and user.is_active else self.none()


class Question(models.Model):
    """One yes/no question of the declare screen.

    An answer leads to a severity, to the question named, or else to the one after it (R031).
    """

    position = models.PositiveSmallIntegerField(unique=True)
    text = models.CharField(max_length=200)
    if_yes = models.ForeignKey(Severity, models.SET_NULL, null=True, blank=True, related_name="+")
    if_no = models.ForeignKey(Severity, models.SET_NULL, null=True, blank=True, related_name="+")
    then_if_yes = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Position of the next question."
    )
    then_if_no = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Position of the next question."
    )

    objects = QuestionQuerySet.as_manager()

    def __str__(self) -> str:
        return self.text


class Coverage(models.TextChoices):
    """When somebody is meant to be on call for a service."""

    ALWAYS = "always", "Day and night"
    BUSINESS_HOURS = "business_hours", "In business hours"
    BEST_EFFORT = "best_effort", "Best effort"


class TierRuleQuerySet(models.QuerySet["TierRule"]):
    def visible_to(self, user: User | AnonymousUser) -> TierRuleQuerySet:
        """The rules a person may know of: all of them, once signed in."""
        return self.all() if user.is_authenticated and user.is_active else self.none()


class TierRule(models.Model):
    """What the tier of a service means by default: hours of coverage, and how bad an incident is at least (R201)."""

    tier = models.PositiveSmallIntegerField(choices=Tier.choices, unique=True)
    coverage = models.CharField(max_length=14, choices=Coverage.choices, default=Coverage.ALWAYS)
    at_least = models.ForeignKey(
        Severity,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="severity at least",
        help_text="Milder answers are raised to it when an incident is declared. Whoever picks a level decides.",
    )

    objects = TierRuleQuerySet.as_manager()

    class Meta:
        ordering = ["tier"]

    def __str__(self) -> str:
        return self.get_tier_display()


class ReasonQuerySet(models.QuerySet["ReasonToDeclare"]):
    def visible_to(self, user: User | AnonymousUser) -> ReasonQuerySet:
        """When to declare: everybody who is signed in may know."""
        return self.all() if user.is_authenticated and user.is_active else self.none()


class ReasonToDeclare(models.Model):
    """One thing that is enough to declare an incident; the form shows them beside it (R014)."""

    text = models.CharField(max_length=120, unique=True)
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    objects = ReasonQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "reasons to declare"
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.text
