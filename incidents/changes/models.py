from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from incidents.catalog.models import Service

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from core.accounts.models import User


class ChangeKind(models.TextChoices):
    DEPLOY = "deploy", "Deploy"
    CONFIG = "config", "Configuration"
    FLAG = "flag", "Feature flag"
    INFRASTRUCTURE = "infrastructure", "Infrastructure"


class ChangeQuerySet(models.QuerySet["Change"]):
    def visible_to(self, user: User | AnonymousUser) -> ChangeQuerySet:
        """The changes a person may know of: all of them, once signed in."""
        return self.all() if user.is_authenticated and user.is_active else self.none()


class Change(models.Model):
    """Something that was changed in production: what to look at first when it breaks."""

    service = models.ForeignKey(Service, models.CASCADE, related_name="changes")
    kind = models.CharField(max_length=14, choices=ChangeKind.choices)
    summary = models.CharField(max_length=1024)
    previous = models.CharField(
        max_length=80, blank=True, default="", db_default="", help_text="The version before."
    )
    version = models.CharField(max_length=80, blank=True)
    by = models.CharField(max_length=80, blank=True, default="", db_default="", help_text="Who made it.")
    url = models.URLField(max_length=500, blank=True)
    at = models.DateTimeField()
    source = models.CharField(max_length=80, blank=True)
    external_id = models.CharField(
        max_length=120,
        blank=True,
        default="",
        db_default="",
        help_text="What its source calls it: told twice, it is one.",
    )
    created_at = models.DateTimeField(db_default=Now())

    objects = ChangeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["service", "source", "external_id"],
                condition=~Q(external_id=""),
                name="change_told_once",
            )
        ]
        indexes = [
            models.Index(fields=["service", "-at"], name="change_recent"),
            models.Index(fields=["-at"], name="change_latest"),
        ]

    def __str__(self) -> str:
        return self.summary
