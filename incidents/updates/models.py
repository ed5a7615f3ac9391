from __future__ import annotations

from typing import TYPE_CHECKING

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from incidents.lifecycle.models import STATUSES, Incident
from incidents.severities.models import Severity

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from core.accounts.models import User


class Audience(models.TextChoices):
    INTERNAL = "internal", "Internal"
    PUBLIC = "public", "Public"


class UpdateQuerySet(models.QuerySet["Update"]):
    def visible_to(self, user: User | AnonymousUser) -> UpdateQuerySet:
        """The updates of the incidents a person may know of."""
        return self.filter(incident__in=Incident.objects.visible_to(user))


class Update(models.Model):
    """A written message to an audience, never changed. Internal and public ones are different objects (R106)."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="updates")
    audience = models.CharField(max_length=8, choices=Audience.choices)
    status = models.CharField(max_length=14, choices=STATUSES)
    text = models.TextField()
    public_title = models.CharField(
        max_length=200,
        blank=True,
        help_text="Public only: the title customers see. Empty: made from the components.",
    )
    components = models.JSONField(default=dict, help_text="Public only: component id to state.")
    next_update_in_seconds = models.PositiveIntegerField(null=True)
    next_update_due_at = models.DateTimeField(null=True)
    no_news = models.BooleanField(default=False)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    published_at = models.DateTimeField(db_default=Now())
    idempotency_key = models.UUIDField(null=True, unique=True)

    objects = UpdateQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["incident", "-published_at"], name="update_recent")]
        triggers = [pgtrigger.Protect(name="update_immutable", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return self.text


class UpdateTemplateQuerySet(models.QuerySet["UpdateTemplate"]):
    def visible_to(self, user: User | AnonymousUser) -> UpdateTemplateQuerySet:
        """The templates a person may know of: all of them, once signed in."""
        return self.all() if user.is_authenticated and user.is_active else self.none()


class UpdateTemplate(models.Model):
    """Approved wording, with placeholders {title}, {severity}, {services}, {started}, {commander}, {next_update}."""

    name = models.CharField(max_length=80, unique=True)
    audience = models.CharField(max_length=8, choices=Audience.choices)
    status = models.CharField(max_length=14, choices=STATUSES, blank=True)
    severity = models.ForeignKey(Severity, models.SET_NULL, null=True, blank=True, related_name="+")
    text = models.TextField()
    hint = models.CharField(max_length=200, blank=True, help_text="Tone guidance shown beside the field.")
    position = models.PositiveSmallIntegerField(default=0)

    objects = UpdateTemplateQuerySet.as_manager()

    class Meta:
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name
