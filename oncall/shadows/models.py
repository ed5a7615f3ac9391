from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from oncall.schedules.models import Schedule

MOST_MINUTES = 30


class Shadow(models.Model):
    """A trainee is paged along with whoever is on call in a schedule, or with one person of it, for some time.

    In a reverse shadow (`is_reverse`) the trainee is in front: whoever is on call is paged `delay_minutes` later, unless
    somebody has acknowledged by then.
    """

    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="shadows")
    trainee = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    follows = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Only while this person is on call; nobody: whoever is.",
    )
    start = models.DateTimeField()
    end = models.DateTimeField()
    is_reverse = models.BooleanField(
        default=False,
        db_default=False,
        help_text="The trainee is paged first, and who is on call later, unless somebody acknowledges.",
    )
    delay_minutes = models.PositiveSmallIntegerField(
        default=5,
        db_default=5,
        help_text="How long the page of who is on call waits for the trainee in front; 0: not at all.",
    )
    reason = models.CharField(max_length=200, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, help_text="When it was ended early, if it was.")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(end__gt=F("start")), name="shadow_span"),
            models.CheckConstraint(
                condition=Q(follows=None) | ~Q(follows=F("trainee")), name="shadow_of_another"
            ),
            models.CheckConstraint(condition=Q(delay_minutes__lte=MOST_MINUTES), name="shadow_delay"),
        ]
        indexes = [models.Index(fields=["schedule", "end"], name="shadow_schedule")]

    def __str__(self) -> str:
        followed = self.follows or "whoever is on call"
        return (
            f"{self.trainee} is in front of {followed}"
            if self.is_reverse
            else f"{self.trainee} shadows {followed}"
        )
