from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from incidents.lifecycle.models import Incident

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from core.accounts.models import User


class KnownBy(models.TextChoices):
    """What the product itself can say about a criterion."""

    ALERTS = "alerts", "Alerts of the incident that are not resolved"
    TASKS = "tasks", "Open tasks"
    PUBLIC = "public", "What the status page shows"


class CriterionQuerySet(models.QuerySet["ClosingCriterion"]):
    def visible_to(self, user: User | AnonymousUser) -> CriterionQuerySet:
        """The criteria a person may know of: all of them, once signed in."""
        return self.all() if user.is_authenticated and user.is_active else self.none()

    def active(self) -> CriterionQuerySet:
        return self.filter(is_active=True)


class ClosingCriterion(models.Model):
    """Something that has to hold before an incident is called resolved, confirmed by a person (R063, R065)."""

    slug = models.SlugField(max_length=40, unique=True)
    text = models.CharField(max_length=120)
    hint = models.CharField(max_length=200, blank=True)
    known_by = models.CharField(max_length=8, choices=KnownBy.choices, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    objects = CriterionQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "closing criteria"
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.text


class ResolutionQuerySet(models.QuerySet["Resolution"]):
    def visible_to(self, user: User | AnonymousUser) -> ResolutionQuerySet:
        """Those of the incidents a person may know of."""
        return self.filter(incident__in=Incident.objects.visible_to(user))


class Resolution(models.Model):
    """One time that an incident was called resolved: by whom, what was confirmed, what lacked and why it was done."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="resolutions")
    number = models.PositiveSmallIntegerField(help_text="1 is the first time.")
    at = models.DateTimeField(db_default=Now())
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    commanded = models.BooleanField(help_text="Whether whoever said it commanded.")
    stable_since = models.DateTimeField(null=True)
    window_seconds = models.PositiveIntegerField(null=True)
    is_early = models.BooleanField()
    confirmed = ArrayField(models.CharField(max_length=120), default=list)
    lacking = ArrayField(models.TextField(), default=list)
    despite = models.TextField(blank=True)

    objects = ResolutionQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["incident", "number"], name="resolution_once")]

    def __str__(self) -> str:
        return f"{self.incident_id} resolved {self.number}"
