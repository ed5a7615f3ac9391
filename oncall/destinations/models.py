from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models.functions import Now

from core.accounts.models import Team

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from core.accounts.models import User


class DestinationQuerySet(models.QuerySet["Destination"]):
    def visible_to(self, user: User | AnonymousUser) -> DestinationQuerySet:
        """The channels a person may know of: all of them for everybody who works here."""
        return self if user.is_authenticated and user.is_active else self.none()


class Destination(models.Model):
    """A channel that is told and wakes nobody: a team's room in a chat, a webhook, a list of mail.

    Its address and its secret are sealed, and never shown again. Only an admin lets it hear of private incidents.
    """

    name = models.CharField(max_length=80, unique=True)
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="destinations")
    channel = models.CharField(max_length=20)
    address = models.CharField(max_length=1000)
    secret = models.CharField(max_length=500, blank=True)
    is_enabled = models.BooleanField(default=True)
    hears_private = models.BooleanField("hears of private incidents", default=False, db_default=False)
    last_ok_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    objects = DestinationQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name = "channel"

    def __str__(self) -> str:
        return self.name
