from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from incidents.catalog.models import Service
from incidents.lifecycle.models import Incident

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from core.accounts.models import User


class Kind(models.TextChoices):
    ROLLBACK = "rollback", "Roll back"
    FLAG = "flag", "Switch a feature off"
    TRAFFIC = "traffic", "Shape traffic"
    AUTOMATION = "automation", "Stop automation"
    OTHER = "other", "Something else"


class Result(models.TextChoices):
    WORKED = "worked", "Worked"
    PARTLY = "partly", "Helped in part"
    FAILED = "failed", "Did not help"


class MitigationQuerySet(models.QuerySet["Mitigation"]):
    def visible_to(self, user: User | AnonymousUser) -> MitigationQuerySet:
        """Those of the services a person may know of."""
        return self.filter(service__in=Service.objects.visible_to(user))

    def active(self) -> MitigationQuerySet:
        return self.filter(is_active=True)


class Mitigation(models.Model):
    """What takes the pain away from a service before anybody knows the cause, thought out in calm (R060)."""

    service = models.ForeignKey(Service, models.CASCADE, related_name="mitigations")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    name = models.CharField(max_length=120)
    steps = models.TextField(blank=True, help_text="How it is done, a step a line.")
    url = models.URLField(max_length=500, blank=True)
    is_temporary = models.BooleanField(
        default=False, help_text="It has to be undone, or kept on purpose, before the incident ends."
    )
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    objects = MitigationQuerySet.as_manager()

    class Meta:
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["service", "name"], name="mitigation_once")]

    def __str__(self) -> str:
        return self.name


class AppliedQuerySet(models.QuerySet["AppliedMitigation"]):
    def visible_to(self, user: User | AnonymousUser) -> AppliedQuerySet:
        """Those of the incidents a person may know of."""
        return self.filter(incident__in=Incident.objects.visible_to(user))

    def standing(self) -> AppliedQuerySet:
        """The temporary ones that are neither undone nor kept on purpose."""
        return self.filter(is_temporary=True, undone_at=None, kept_at=None)


class AppliedMitigation(models.Model):
    """A mitigation tried in an incident: who, from when until when, what came of it, what became of it (R061, R062)."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="mitigations")
    mitigation = models.ForeignKey(Mitigation, models.SET_NULL, null=True, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    name = models.CharField(max_length=120)
    is_temporary = models.BooleanField(default=False)
    started_at = models.DateTimeField(db_default=Now())
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)
    result = models.CharField(max_length=6, choices=Result.choices, blank=True)
    note = models.TextField(blank=True, help_text="What was seen.")
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    kept_at = models.DateTimeField(null=True)
    kept_because = models.TextField(blank=True)
    kept_owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    objects = AppliedQuerySet.as_manager()

    class Meta:
        ordering = ["started_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "name"], condition=Q(ended_at=None), name="mitigation_running_once"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it is under way."""
        return None if self.ended_at is None else max(0.0, (self.ended_at - self.started_at).total_seconds())

    @property
    def is_standing(self) -> bool:
        """Whether it has to be undone, or kept on purpose, before the incident ends."""
        return self.is_temporary and self.undone_at is None and self.kept_at is None
