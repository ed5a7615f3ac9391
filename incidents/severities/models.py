from django.contrib.postgres.fields import ArrayField
from django.db import models


class Paging(models.TextChoices):
    """Whether and when a declared incident of this level wakes people (R033)."""

    ALWAYS = "always", "Page at once, day and night"
    BUSINESS_HOURS = "business_hours", "Page in business hours"
    MESSAGE = "message", "Send a message, wake nobody"
    NONE = "none", "Nothing is sent"


class Severity(models.Model):
    """One level of the configured scale. Rank 1 is the worst."""

    slug = models.SlugField(max_length=20, unique=True)
    rank = models.PositiveSmallIntegerField(unique=True)
    name = models.CharField(max_length=40)
    label = models.CharField(max_length=10, help_text="Short form on badges, as SEV1.")
    aliases = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    definition = models.TextField(blank=True, help_text="What customers experience at this level.")
    response = models.TextField(blank=True, help_text="What is expected of responders.")
    example = models.TextField(blank=True)
    update_every_seconds = models.PositiveIntegerField(null=True, blank=True, help_text="Empty: no rhythm.")
    respond_within_seconds = models.PositiveIntegerField(null=True, blank=True)
    required_roles = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    paging = models.CharField(max_length=16, choices=Paging.choices, default=Paging.NONE)
    needs_postmortem = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)

    class Meta:
        verbose_name_plural = "severities"

    def __str__(self) -> str:
        return f"{self.label} {self.name}"


class Question(models.Model):
    """One yes/no question of the declare screen; an answer leads to a severity or to the next question (R031)."""

    position = models.PositiveSmallIntegerField(unique=True)
    text = models.CharField(max_length=200)
    if_yes = models.ForeignKey(Severity, models.SET_NULL, null=True, blank=True, related_name="+")
    if_no = models.ForeignKey(Severity, models.SET_NULL, null=True, blank=True, related_name="+")

    def __str__(self) -> str:
        return self.text
