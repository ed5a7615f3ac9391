from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from core.accounts.models import Team


class Schedule(models.Model):
    """Who is on call when. Its layers say so, the last one first; an override beats them all."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=80, unique=True)
    description = models.TextField(blank=True)
    time_zone = models.CharField(max_length=60, default="UTC")
    team = models.ForeignKey(Team, models.PROTECT, related_name="schedules", null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    version = models.PositiveIntegerField(default=1)

    def __str__(self) -> str:
        return self.name


class Unit(models.TextChoices):
    HOUR = "hour", "hours"
    DAY = "day", "days"
    WEEK = "week", "weeks"
    MONTH = "month", "months"


class Layer(models.Model):
    """A rotation, valid from `effective_from` until `effective_until`. An edit ends it and begins a new one."""

    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="layers")
    position = models.PositiveSmallIntegerField(help_text="A higher one covers the lower ones.")
    name = models.CharField(max_length=80)
    time_zone = models.CharField(max_length=60, help_text="The zone of its hand-offs, as Europe/Berlin.")
    start = models.DateTimeField(help_text="When the first turn begins.")
    every = models.PositiveSmallIntegerField(default=1)
    unit = models.CharField(max_length=5, choices=Unit.choices, default=Unit.WEEK)
    handoff_at = models.TimeField()
    weekday = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="0 is Monday; weekly turns only."
    )
    effective_from = models.DateTimeField(db_default=Now())
    effective_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = [F("position").asc(), F("effective_from").asc()]
        constraints = [
            models.CheckConstraint(condition=Q(every__gte=1), name="layer_every_positive"),
            models.CheckConstraint(
                condition=Q(effective_until=None) | Q(effective_until__gte=F("effective_from")),
                name="layer_span",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Participant(models.Model):
    """A place in a rotation. Several with one `place` are on call together; one without a person is a pause."""

    layer = models.ForeignKey(Layer, models.CASCADE, related_name="participants")
    place = models.PositiveSmallIntegerField()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="rotation_places"
    )

    class Meta:
        ordering = [F("place").asc(), F("id").asc()]
        constraints = [
            models.UniqueConstraint(fields=["layer", "place", "user"], name="participant_place_once")
        ]

    def __str__(self) -> str:
        return f"{self.place}"


class Restriction(models.Model):
    """When in the day or week a layer counts; it may run over midnight."""

    layer = models.ForeignKey(Layer, models.CASCADE, related_name="restrictions")
    weekday = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Empty: every day.")
    start = models.TimeField()
    end = models.TimeField()

    def __str__(self) -> str:
        return f"{self.start} to {self.end}"


class Override(models.Model):
    """Somebody instead of, or as well as, what the layers say. Later ones win; a cancelled one never was."""

    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="overrides")
    start = models.DateTimeField()
    end = models.DateTimeField()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    replaces = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    reason = models.CharField(max_length=200, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    cancelled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(end__gt=F("start")), name="override_span")]
        indexes = [
            models.Index(fields=["schedule", "end"], condition=Q(cancelled_at=None), name="override_live"),
        ]

    def __str__(self) -> str:
        return f"{self.start} to {self.end}"
