from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from incidents.fields import rules
from incidents.lifecycle.models import Incident
from incidents.severities.models import Severity

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from core.accounts.models import User


class Kind(models.TextChoices):
    TEXT = "text", "Text"
    NUMBER = "number", "Number"
    CHOICE = "choice", "One of several"
    MANY = "many", "Some of several"
    DATE = "date", "Date"
    LINK = "link", "Link"
    USER = "user", "Person"


class Moment(models.TextChoices):
    DECLARE = "declare", "When it is declared"
    CLOSE = "close", "When it is resolved"


class TagQuerySet(models.QuerySet["IncidentTag"]):
    def visible_to(self, user: User | AnonymousUser) -> TagQuerySet:
        """The tags of the incidents a person may know of: no other tag exists for them."""
        return self.filter(incident__in=Incident.objects.visible_to(user))


class IncidentTag(models.Model):
    """A word by which an incident is found again and counted, written the one way."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="tags")
    name = models.CharField(max_length=rules.TAG_LONGEST)

    objects = TagQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["incident", "name"], name="incident_tag_once")]
        indexes = [models.Index(fields=["name"], name="incident_tag_name")]

    def __str__(self) -> str:
        return self.name


class FieldQuerySet(models.QuerySet["IncidentField"]):
    def visible_to(self, user: User | AnonymousUser) -> FieldQuerySet:
        """The fields a person may know of: all of them, once signed in."""
        return self.all() if user.is_authenticated and user.is_active else self.none()

    def active(self) -> FieldQuerySet:
        return self.filter(is_active=True)


class IncidentField(models.Model):
    """A field that a company made itself: what stands in it, and when it has to be filled in at which levels."""

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=6, choices=Kind.choices, default=Kind.TEXT)
    hint = models.CharField(max_length=200, blank=True)
    choices = ArrayField(
        models.CharField(max_length=80), default=list, blank=True, help_text="What one chooses among."
    )
    required_at = models.CharField(
        max_length=7, choices=Moment.choices, blank=True, help_text="Empty: it may stay empty."
    )
    severities = models.ManyToManyField(
        Severity,
        blank=True,
        related_name="+",
        help_text="At which levels it has to be filled in. None: at each.",
    )
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    objects = FieldQuerySet.as_manager()

    class Meta:
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.name

    @property
    def spec(self) -> rules.Spec:
        """Give it as the rules know it."""
        return rules.Spec(self.slug, self.name, self.kind, self.choices)


class ValueQuerySet(models.QuerySet["FieldValue"]):
    def visible_to(self, user: User | AnonymousUser) -> ValueQuerySet:
        """What stands in the fields of the incidents a person may know of."""
        return self.filter(incident__in=Incident.objects.visible_to(user))


class FieldValue(models.Model):
    """What stands in a field of an incident; an empty one has no row."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="field_values")
    field = models.ForeignKey(IncidentField, models.PROTECT, related_name="values")
    value = models.JSONField()
    changed_at = models.DateTimeField(db_default=Now())

    objects = ValueQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["incident", "field"], name="field_value_once")]

    def __str__(self) -> str:
        return f"{self.field_id}: {self.value}"
