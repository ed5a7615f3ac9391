from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from incidents.lifecycle.models import STATUSES, Incident
from incidents.severities.models import Severity


class Audience(models.TextChoices):
    INTERNAL = "internal", "Internal"
    PUBLIC = "public", "Public"


class Update(models.Model):
    """A written message to an audience. Internal and public ones are different objects (R106)."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="updates")
    audience = models.CharField(max_length=8, choices=Audience.choices)
    status = models.CharField(max_length=14, choices=STATUSES)
    text = models.TextField()
    components = models.JSONField(default=dict, help_text="Public only: component id to state.")
    next_update_in_seconds = models.PositiveIntegerField(null=True)
    next_update_due_at = models.DateTimeField(null=True)
    no_news = models.BooleanField(default=False)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    published_at = models.DateTimeField(db_default=Now())
    idempotency_key = models.UUIDField(null=True, unique=True)

    class Meta:
        indexes = [models.Index(fields=["incident", "-published_at"], name="update_recent")]

    def __str__(self) -> str:
        return self.text


class UpdateTemplate(models.Model):
    """Approved wording, with placeholders {title}, {severity}, {services}, {started}, {commander}, {next_update}."""

    name = models.CharField(max_length=80, unique=True)
    audience = models.CharField(max_length=8, choices=Audience.choices)
    status = models.CharField(max_length=14, choices=STATUSES, blank=True)
    severity = models.ForeignKey(Severity, models.SET_NULL, null=True, blank=True, related_name="+")
    text = models.TextField()
    hint = models.CharField(max_length=200, blank=True, help_text="Tone guidance shown beside the field.")
    position = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return self.name
