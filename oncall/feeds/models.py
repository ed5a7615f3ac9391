from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from core.accounts.models import Team
from oncall.schedules.models import Schedule

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from core.accounts.models import User


class Kind(models.TextChoices):
    CALENDAR = "calendar", "Calendar"
    NOW = "now", "Who is on call now"


class FeedAddressQuerySet(models.QuerySet["FeedAddress"]):
    def visible_to(self, user: User | AnonymousUser) -> FeedAddressQuerySet:
        """A person's own: whoever knows that one exists still cannot read it, but it is nobody's business."""
        return self.filter(user=user) if user.is_authenticated and user.is_active else self.none()


class FeedAddress(models.Model):
    """A secret address at which a program reads shifts without signing in. Only the hash of the secret is kept.

    It shows the schedule, or those of the team, or without either its owner's own shifts in all schedules.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="feed_addresses")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    name = models.CharField(max_length=80, blank=True, help_text="Where it is used.")
    schedule = models.ForeignKey(Schedule, models.CASCADE, null=True, blank=True, related_name="+")
    team = models.ForeignKey(Team, models.CASCADE, null=True, blank=True, related_name="+")
    connects = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Whoever calls is connected to who is on call and agreed to it.",
    )
    has_talks = models.BooleanField(
        default=False, db_default=False, help_text="Whether it shows the talks at hand-offs too."
    )
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(db_default=Now())
    last_read_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects = FeedAddressQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "feed addresses"
        constraints = [
            models.CheckConstraint(condition=Q(schedule=None) | Q(team=None), name="feed_of_one_thing"),
            models.CheckConstraint(
                condition=~Q(kind=Kind.NOW) | ~Q(schedule=None, team=None), name="feed_now_of_something"
            ),
            models.CheckConstraint(condition=Q(connects=False) | Q(kind=Kind.NOW), name="feed_connects_now"),
            models.CheckConstraint(
                condition=Q(has_talks=False) | Q(kind=Kind.CALENDAR), name="feed_talks_in_calendars"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.shown}"

    @property
    def shown(self) -> str:
        """Whose shifts it shows, in words."""
        if self.schedule is not None:
            return f"{self.schedule.name}{' (deleted)' if self.schedule.deleted_at else ''}"
        return f"team {self.team.name}" if self.team is not None else "own shifts"


class PublishedSchedule(models.Model):
    """When a schedule was last compared with what calendars know of it."""

    schedule = models.OneToOneField(Schedule, models.CASCADE, related_name="published")
    looked_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.schedule_id} at {self.looked_at}"


class PublishedShift(models.Model):
    """A shift as calendars were last told of it, so that they recognise it after an edit.

    `sequence` rises with every change; one that no longer exists stays for a while as cancelled.
    """

    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="published_shifts")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    uid = models.CharField(max_length=300, unique=True)
    start = models.DateTimeField()
    end = models.DateTimeField()
    sequence = models.PositiveIntegerField(default=0)
    changed_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(end__gt=F("start")), name="published_shift_span")]

    def __str__(self) -> str:
        return self.uid
