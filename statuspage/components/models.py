from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from incidents.catalog.models import Service


class Pages(models.Manager["StatusPage"]):
    """The pages of people: all but the one on which the product tries whether publishing works."""

    def get_queryset(self) -> models.QuerySet[StatusPage]:
        """Leave the product's own one out."""
        return super().get_queryset().filter(is_canary=False)


class StatusPage(models.Model):
    """A public page of one product. `every` finds the product's own test page as well, `objects` does not."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=80)
    time_zone = models.CharField(max_length=60, default="UTC")
    support_url = models.URLField(max_length=300, blank=True)
    is_public = models.BooleanField(default=True)
    is_canary = models.BooleanField(db_default=False, default=False, editable=False)
    created_at = models.DateTimeField(db_default=Now())

    objects = Pages()
    every = models.Manager["StatusPage"]()

    def __str__(self) -> str:
        return self.name


class ComponentState(models.TextChoices):
    OPERATIONAL = "operational", "Operational"
    DEGRADED = "degraded_performance", "Degraded performance"
    PARTIAL = "partial_outage", "Partial outage"
    MAJOR = "major_outage", "Major outage"
    MAINTENANCE = "under_maintenance", "Maintenance"


class Component(models.Model):
    """A part of the product under the name its customers know. `public_id` is what the public JSON shows."""

    page = models.ForeignKey(StatusPage, models.CASCADE, related_name="components")
    public_id = models.CharField(max_length=12, unique=True)
    slug = models.SlugField(max_length=60)
    name = models.CharField(max_length=80)
    description = models.CharField(max_length=300, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    state = models.CharField(
        max_length=20, choices=ComponentState.choices, default=ComponentState.OPERATIONAL
    )
    service = models.ForeignKey(Service, models.SET_NULL, null=True, blank=True, related_name="components")
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = [F("position").asc(), F("id").asc()]
        constraints = [models.UniqueConstraint(fields=["page", "slug"], name="component_slug_once")]

    def __str__(self) -> str:
        return self.name


class ComponentSpan(models.Model):
    """A stretch of time in which a component was in one state other than operational; open while `end` is empty."""

    component = models.ForeignKey(Component, models.CASCADE, related_name="spans")
    state = models.CharField(max_length=20, choices=ComponentState.choices)
    start = models.DateTimeField(db_default=Now())
    end = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["component"], condition=Q(end=None), name="component_span_open_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.component_id} {self.state}"
