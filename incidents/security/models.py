from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from incidents.lifecycle.models import Incident

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from core.accounts.models import User


class CheckQuerySet(models.QuerySet["SecurityCheck"]):
    def visible_to(self, user: User | AnonymousUser) -> CheckQuerySet:
        """What is asked of every matter of security: everybody who is signed in may know."""
        return self.all() if user.is_authenticated and user.is_active else self.none()

    def at(self, rank: int) -> CheckQuerySet:
        """Give what is asked at a level."""
        return self.filter(Q(from_rank=None) | Q(from_rank__gte=rank), is_active=True)


class SecurityCheck(models.Model):
    """Something without which an incident that is a matter of security is not over, as that credentials are rotated."""

    slug = models.SlugField(max_length=40, unique=True)
    text = models.CharField(max_length=120)
    hint = models.CharField(max_length=200, blank=True)
    from_rank = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Asked at this rank and worse ones. Empty: at every level."
    )
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    objects = CheckQuerySet.as_manager()

    class Meta:
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.text


class TrackQuerySet(models.QuerySet["SecurityTrack"]):
    def visible_to(self, user: User | AnonymousUser) -> TrackQuerySet:
        """Those of the incidents that a person may know of."""
        return self.filter(incident__in=Incident.objects.visible_to(user))


class SecurityTrack(models.Model):
    """That an incident is a matter of security as well: work beside the repair, with a lead of its own (R325)."""

    incident = models.OneToOneField(Incident, models.CASCADE, related_name="security_track")
    begun_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    begun_at = models.DateTimeField(db_default=Now())
    lead = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)
    ended_because = models.TextField(blank=True)

    objects = TrackQuerySet.as_manager()

    def __str__(self) -> str:
        return f"security of {self.incident_id}"


class State(models.TextChoices):
    OPEN = "open", "Open"
    DONE = "done", "Done"
    NOT_NEEDED = "not_needed", "Not needed"


class ItemQuerySet(models.QuerySet["SecurityItem"]):
    def visible_to(self, user: User | AnonymousUser) -> ItemQuerySet:
        """Those of the incidents that a person may know of."""
        return self.filter(incident__in=Incident.objects.visible_to(user))

    def open(self) -> ItemQuerySet:
        return self.filter(state=State.OPEN)


class SecurityItem(models.Model):
    """One thing that keeps an incident open until somebody says what was done, or why it is not needed."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="security_items")
    slug = models.SlugField(max_length=40)
    text = models.CharField(max_length=120)
    hint = models.CharField(max_length=200, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    words = models.TextField(blank=True, help_text="What was done, or why it is not needed.")
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    objects = ItemQuerySet.as_manager()

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["incident", "slug"], name="security_item_once"),
            models.CheckConstraint(
                condition=Q(state="open", ended_at=None) | (~Q(words="") & Q(ended_at__isnull=False)),
                name="security_item_has_words",
            ),
        ]

    def __str__(self) -> str:
        return self.text
