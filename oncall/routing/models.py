from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F

from incidents.catalog.models import Service
from incidents.severities.models import Severity
from oncall.alerts.models import Integration, Nature, Urgency
from oncall.escalation.models import Policy

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from core.accounts.models import User


class RouteQuerySet(models.QuerySet["Route"]):
    def visible_to(self, user: User | AnonymousUser) -> RouteQuerySet:
        """The routes a person may know of: all for everybody who works here, none for anybody else."""
        return self if user.is_authenticated and user.is_active else self.none()


class Route(models.Model):
    """The first route whose conditions all hold decides service, policy and urgency of an alert.

    `match` is a list of {"label", "op": equals|not_equals|contains|matches|exists, "value"}; an empty one holds for
    everything (the catch-all). Without any route the source's own service counts, then the default policy.
    """

    position = models.PositiveIntegerField(default=0)
    name = models.CharField(max_length=80, blank=True)
    integration = models.ForeignKey(Integration, models.CASCADE, null=True, blank=True, related_name="routes")
    match = models.JSONField(default=list, blank=True)
    service = models.ForeignKey(Service, models.CASCADE, null=True, blank=True, related_name="routes")
    policy = models.ForeignKey(Policy, models.PROTECT, null=True, blank=True, related_name="routes")
    urgency = models.CharField(max_length=4, choices=Urgency.choices, blank=True)
    nature = models.CharField(
        max_length=8,
        choices=Nature.choices,
        blank=True,
        default="",
        db_default="",
        help_text="A symptom is paged; a cause is recorded and pages nobody. Empty: as the label of the alert says.",
    )
    pages_causes = models.BooleanField(
        default=False, db_default=False, help_text="It pages for a cause as for a symptom."
    )
    declares = models.ForeignKey(
        Severity,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="A new alert is made an incident of this level, or joins the one that is open.",
    )
    is_active = models.BooleanField(default=True)

    objects = RouteQuerySet.as_manager()

    class Meta:
        ordering = [F("position").asc(), F("id").asc()]

    def __str__(self) -> str:
        return self.name or f"route {self.position + 1}"


class ServicePolicy(models.Model):
    """Which policy wakes people for a service."""

    service = models.OneToOneField(Service, models.CASCADE, related_name="paging")
    policy = models.ForeignKey(Policy, models.PROTECT, related_name="services")

    class Meta:
        verbose_name_plural = "service policies"

    def __str__(self) -> str:
        return f"{self.service_id} by {self.policy_id}"
