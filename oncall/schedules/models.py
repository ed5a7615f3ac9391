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
    has_exceptions = models.BooleanField(
        db_default=False, default=False, help_text="Other features know of exceptions, such as swaps."
    )
    deleted_at = models.DateTimeField(
        null=True, editable=False, help_text="From then on nobody is on call by it; what was before stays."
    )

    def __str__(self) -> str:
        return self.name


class ScheduleVersion(models.Model):
    """What one save made of a schedule, from a moment on until the next. One that never counted has no length."""

    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    effective_from = models.DateTimeField()
    effective_until = models.DateTimeField(null=True, blank=True)
    time_zone = models.CharField(
        max_length=60, help_text="The zone of its rotations, unless they have their own."
    )
    coverage = models.JSONField(
        default=list,
        blank=True,
        help_text="When somebody is meant to be on call, as [weekday, from, to]. Empty: always.",
    )
    stands_behind = models.ForeignKey(
        Schedule,
        models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        help_text="Nobody who is on call there is on call here; the next in the rotation is.",
    )
    offset = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="The rotations of that schedule, so many turns ahead."
    )
    is_informal = models.BooleanField(
        default=False, help_text="Nobody takes turns: everybody of a rotation is on call together."
    )
    holidays = models.CharField(
        max_length=13,
        blank=True,
        db_default="",
        default="",
        help_text="Whose public holidays count, as DE or DE-BY.",
    )
    closed_on_holidays = models.BooleanField(
        db_default=False, default=False, help_text="Nobody is meant to be on call on public holidays."
    )
    passes_over_absent = models.BooleanField(
        db_default=False, default=False, help_text="The next in the rotation has the turn of whoever is away."
    )
    summary = models.CharField(max_length=200, blank=True)
    restored_from = models.PositiveIntegerField(null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = [F("number").desc()]
        constraints = [
            models.UniqueConstraint(fields=["schedule", "number"], name="schedule_version_once"),
            models.CheckConstraint(
                condition=Q(effective_until=None) | Q(effective_until__gte=F("effective_from")),
                name="schedule_version_span",
            ),
            models.CheckConstraint(
                condition=Q(offset=None) | Q(stands_behind__isnull=False), name="schedule_version_offset"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.schedule} {self.number}"


class Unit(models.TextChoices):
    HOUR = "hour", "hours"
    DAY = "day", "days"
    WEEK = "week", "weeks"
    MONTH = "month", "months"


class OnHolidays(models.TextChoices):
    COUNTS = "counts", "as on any day"
    NEVER = "never", "it does not count"
    ONLY = "only", "it counts on these days alone"


class Layer(models.Model):
    """A rotation, valid from `effective_from` until `effective_until`. An edit ends it and begins a new one."""

    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="layers")
    version = models.ForeignKey(ScheduleVersion, models.CASCADE, related_name="layers", null=True)
    lineage = models.BigIntegerField(
        db_default=0, default=0, help_text="The same in every version of a rotation."
    )
    position = models.PositiveSmallIntegerField(
        help_text="A higher one covers the lower ones; equal ones are on call together."
    )
    name = models.CharField(max_length=80)
    time_zone = models.CharField(max_length=60, help_text="The zone of its hand-offs, as Europe/Berlin.")
    start = models.DateTimeField(help_text="When the first turn begins.")
    every = models.PositiveSmallIntegerField(default=1)
    unit = models.CharField(max_length=5, choices=Unit.choices, default=Unit.WEEK)
    handoff_at = models.TimeField()
    weekday = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="0 is Monday; weekly turns only."
    )
    counts_only_active = models.BooleanField(
        db_default=False, default=False, help_text="A turn in which no window opens is not used up."
    )
    on_holidays = models.CharField(
        max_length=6,
        choices=OnHolidays.choices,
        db_default=OnHolidays.COUNTS.value,
        default=OnHolidays.COUNTS,
        help_text="What it does on the public holidays of the schedule.",
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
    layer = models.BigIntegerField(
        null=True, blank=True, help_text="The lineage of the one rotation it is of."
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
