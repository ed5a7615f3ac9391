from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.accounts.models import Team

MONDAY, NINE = 0, 9


class WeeklySummary(models.Model):
    """When somebody gets their weekly summary, or the channels of a team hear who is on call in the next week.

    A person without one gets it on Monday at 9:00 of their own zone; a team without one gets none.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="weekly_summary"
    )
    team = models.OneToOneField(Team, models.CASCADE, null=True, blank=True, related_name="weekly_summary")
    is_on = models.BooleanField(default=True)
    weekday = models.PositiveSmallIntegerField(default=MONDAY, help_text="0 is Monday.")
    hour = models.PositiveSmallIntegerField(default=NINE)
    time_zone = models.CharField(max_length=60, default="UTC", help_text="Of a team; a person has their own.")

    class Meta:
        verbose_name_plural = "weekly summaries"
        constraints = [
            models.CheckConstraint(
                condition=Q(user=None, team__isnull=False) | Q(user__isnull=False, team=None),
                name="weekly_summary_of_one",
            ),
            models.CheckConstraint(condition=Q(weekday__lte=6, hour__lte=23), name="weekly_summary_moment"),
        ]

    def __str__(self) -> str:
        return f"weekly summary of {self.user or self.team}"
