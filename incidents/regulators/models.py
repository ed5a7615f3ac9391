from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from incidents.lifecycle.models import Incident

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from core.accounts.models import User


def usual() -> list[int]:
    """The shares of the time after which somebody is reminded, in percent."""
    return [50, 80, 95]


class RegimeQuerySet(models.QuerySet["Regime"]):
    def visible_to(self, user: User | AnonymousUser) -> RegimeQuerySet:
        """The regimes a person may know of: all of them, once signed in."""
        return self.all() if user.is_authenticated and user.is_active else self.none()


class Regime(models.Model):
    """An authority that has to hear of a data breach, and within how long (R329)."""

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=100, unique=True)
    what = models.TextField(blank=True, help_text="What the report has to say.")
    within_seconds = models.PositiveIntegerField(
        validators=[MinValueValidator(60)], help_text="Counted from when somebody knew of the breach."
    )
    remind_percent = ArrayField(
        models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(99)]),
        default=usual,
        blank=True,
        help_text="After which shares of the time somebody is reminded, in percent; at the end always.",
    )
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    objects = RegimeQuerySet.as_manager()

    class Meta:
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name


class BreachQuerySet(models.QuerySet["DataBreach"]):
    def visible_to(self, user: User | AnonymousUser) -> BreachQuerySet:
        """The breaches in the incidents that a person may know of."""
        return self.filter(incident__in=Incident.objects.visible_to(user))


class DataBreach(models.Model):
    """The flag of an incident in which data may have got to where it does not belong: since when somebody knew."""

    incident = models.OneToOneField(Incident, models.CASCADE, related_name="data_breach")
    aware_at = models.DateTimeField(help_text="When somebody knew of it: the clocks count from here.")
    what = models.TextField(blank=True)
    flagged_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)
    ended_because = models.TextField(blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = BreachQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.incident_id} since {self.aware_at}"


class State(models.TextChoices):
    OPEN = "open", "To report"
    DONE = "done", "Reported"
    NOT_NEEDED = "not_needed", "Need not be reported"


class DutyQuerySet(models.QuerySet["ReportDuty"]):
    def visible_to(self, user: User | AnonymousUser) -> DutyQuerySet:
        """What has to be reported of the incidents that a person may know of."""
        return self.filter(incident__in=Incident.objects.visible_to(user))

    def open(self) -> DutyQuerySet:
        return self.filter(state=State.OPEN)


class ReportDuty(models.Model):
    """A report to one authority: by when it is due, and who made it under which reference."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="report_duties")
    regime = models.ForeignKey(Regime, models.PROTECT, related_name="+")
    due_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    reference = models.CharField(max_length=200, blank=True, help_text="Under which the authority has it.")
    why = models.TextField(blank=True, help_text="Why nothing had to be reported.")
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    objects = DutyQuerySet.as_manager()

    class Meta:
        ordering = ["due_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["incident", "regime"], name="report_duty_once"),
            models.CheckConstraint(
                condition=~Q(state="done") | ~Q(reference=""), name="report_duty_has_reference"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.regime_id} for {self.incident_id}"
