from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from oncall.destinations.models import Destination
from oncall.schedules.models import Schedule


class Announcement(models.Model):
    """Where a chat says who is on call by a schedule: a part of a channel's topic, or who is in a Slack user group.

    `said` is what stands there as far as is known: our part and its shorter forms, or the members; `promised` what the
    last message was to write. One that was removed stays until its part was taken out of the topic.
    """

    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="announcements")
    destination = models.ForeignKey(
        Destination, models.CASCADE, related_name="announcements", null=True, blank=True
    )
    group = models.CharField(max_length=21, blank=True, help_text="The ID of a user group of Slack, S…")
    said = models.JSONField(default=list)
    promised = models.JSONField(default=list)
    written_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)
    removed_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["schedule", "destination"], name="announcement_topic_once"),
            models.UniqueConstraint(fields=["group"], condition=~Q(group=""), name="announcement_group_once"),
            models.CheckConstraint(
                condition=Q(destination=None) ^ Q(group=""), name="announcement_one_place"
            ),
        ]

    def __str__(self) -> str:
        return f"user group {self.group}" if self.group else f"topic of {self.destination}"
