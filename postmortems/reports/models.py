from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import F
from django.db.models.functions import Now

from incidents.lifecycle.models import Incident

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from core.accounts.models import User


class PostmortemStatus(models.TextChoices):
    DRAFT = "draft", "Draft"
    IN_REVIEW = "in_review", "In review"
    PUBLISHED = "published", "Published"


WRITTEN = ("summary", "impact", "factors_text", "went_well", "went_badly", "lucky", "lessons")
"""The sections that people write, in which words are found."""


class PostmortemQuerySet(models.QuerySet["Postmortem"]):
    def visible_to(self, user: User | AnonymousUser) -> PostmortemQuerySet:
        """A postmortem is as visible as its incident."""
        return self.filter(incident__in=Incident.objects.visible_to(user))


class Postmortem(models.Model):
    """What was learned. One per incident; the sections are Markdown, the timeline and factors are rows."""

    incident = models.OneToOneField(Incident, models.CASCADE, related_name="postmortem")
    status = models.CharField(max_length=10, choices=PostmortemStatus.choices, default=PostmortemStatus.DRAFT)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    summary = models.TextField(blank=True)
    impact = models.TextField(blank=True)
    factors_text = models.TextField(blank=True)
    went_well = models.TextField(blank=True)
    went_badly = models.TextField(blank=True)
    lucky = models.TextField(blank=True)
    lessons = models.TextField(blank=True)
    due_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())
    published_at = models.DateTimeField(null=True)
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    version = models.PositiveIntegerField(default=1)

    objects = PostmortemQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["status", "due_at"], name="postmortem_due"),
            GinIndex(SearchVector(*WRITTEN, config="simple"), name="postmortem_words"),
        ]

    def __str__(self) -> str:
        return f"Postmortem of {self.incident_id}"


class TimelineItem(models.Model):
    """One line of the story as it was known: copied from the incident, wording editable, the time kept."""

    postmortem = models.ForeignKey(Postmortem, models.CASCADE, related_name="timeline")
    entry_id = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=14, blank=True)
    at = models.DateTimeField()
    text = models.TextField()
    included = models.BooleanField(default=True)

    class Meta:
        ordering = [F("at").asc(), F("id").asc()]
        constraints = [models.UniqueConstraint(fields=["postmortem", "entry_id"], name="timeline_item_once")]

    def __str__(self) -> str:
        return self.text


class FactorKind(models.TextChoices):
    TECHNICAL = "technical", "Technical"
    PROCESS = "process", "Process"
    KNOWLEDGE = "knowledge", "Knowledge"
    ORGANISATION = "organisation", "Organisation"
    EXTERNAL = "external", "External"


class Factor(models.Model):
    """A contributing factor; there is never just one."""

    postmortem = models.ForeignKey(Postmortem, models.CASCADE, related_name="factors")
    kind = models.CharField(max_length=12, choices=FactorKind.choices, default=FactorKind.TECHNICAL)
    text = models.CharField(max_length=500)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = [F("position").asc(), F("id").asc()]

    def __str__(self) -> str:
        return self.text
