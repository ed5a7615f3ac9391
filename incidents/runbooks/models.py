from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import ExpressionWrapper, Q
from django.db.models.functions import Coalesce, Greatest, Now

from core.accounts.models import Team
from incidents.catalog.models import Service
from incidents.runbooks import rules
from incidents.severities.models import Severity

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from django.contrib.auth.models import AnonymousUser

    from core.accounts.models import User


class RunbookQuerySet(models.QuerySet["Runbook"]):
    def visible_to(self, user: User | AnonymousUser) -> RunbookQuerySet:
        """The runbooks a person may know of: all of them, once signed in."""
        return self.all() if user.is_authenticated and user.is_active else self.none()

    def active(self) -> RunbookQuerySet:
        return self.filter(is_active=True)

    def stale(self, limit: timedelta) -> RunbookQuerySet:
        """Those that nobody has tested or checked for longer than the limit."""
        seen = Coalesce(Greatest("tested_at", "checked_at"), "created_at")
        since = ExpressionWrapper(Now() - limit, output_field=models.DateTimeField())
        return self.alias(seen=seen).filter(seen__lt=since)

    def of_owner(self, user: User) -> RunbookQuerySet:
        """Those that a person answers for: their own, and those of their teams that nobody has."""
        teams = Team.objects.filter(memberships__user=user)
        return self.filter(Q(owner=user) | Q(owner=None, team__in=teams))


class Runbook(models.Model):
    """What to do when something breaks, written down in calm: the text is Markdown, its structure is read from it."""

    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=120)
    text = models.TextField(help_text="Markdown with a heading for each section.")
    severity = models.ForeignKey(
        Severity, models.SET_NULL, null=True, blank=True, related_name="+", help_text="What it usually is."
    )
    services: models.ManyToManyField[Service, models.Model] = models.ManyToManyField(
        Service, related_name="runbooks", blank=True
    )
    alerts = models.JSONField(
        default=list, blank=True, help_text="The alerts it is for, as labels and values."
    )
    team = models.ForeignKey(Team, models.PROTECT, related_name="runbooks")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="runbooks"
    )
    is_active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)
    steps = models.PositiveSmallIntegerField(default=0, editable=False)
    automated_steps = models.PositiveSmallIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())
    updated_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    tested_at = models.DateTimeField(null=True, blank=True)
    tested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    checked_at = models.DateTimeField(null=True, blank=True)
    checked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    objects = RunbookQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name

    @cached_property
    def structure(self) -> rules.Structure:
        """What its text says."""
        return rules.read(self.text)

    @property
    def seen_at(self) -> datetime:
        """When somebody last tested or checked it; before that, when it was written."""
        return max((at for at in (self.tested_at, self.checked_at) if at), default=self.created_at)


class RunbookVersion(models.Model):
    """A runbook as it was saved, as one document."""

    runbook = models.ForeignKey(Runbook, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    document = models.TextField()
    note = models.CharField(max_length=200, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["runbook", "number"], name="runbook_version_once")]

    def __str__(self) -> str:
        return f"{self.runbook_id} version {self.number}"
