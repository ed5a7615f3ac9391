from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Count, ExpressionWrapper, Q
from django.db.models.functions import Coalesce, Greatest, Now

from core.accounts.models import Team
from incidents.catalog.models import Service
from incidents.lifecycle.models import Incident
from incidents.mitigations.models import Result
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


class RunQuerySet(models.QuerySet["Run"]):
    def visible_to(self, user: User | AnonymousUser) -> RunQuerySet:
        """Those of the incidents a person may know of."""
        return self.filter(incident__in=Incident.objects.visible_to(user))

    def counted(self) -> RunQuerySet:
        """Add how many steps each has, how many are ticked, and how many were done in another way or left out."""
        return self.annotate(
            steps_all=Count("steps"),
            ticked=Count("steps", filter=~Q(steps__state=StepState.OPEN)),
            otherwise=Count("steps", filter=Q(steps__state__in=OTHERWISE)),
        )


class Run(models.Model):
    """A runbook as it is used in an incident, with the steps of its version then."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="runbook_runs")
    runbook = models.ForeignKey(Runbook, models.PROTECT, related_name="runs")
    version = models.PositiveIntegerField()
    started_at = models.DateTimeField(db_default=Now())
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    result = models.CharField(max_length=6, choices=Result.choices, blank=True)
    note = models.TextField(blank=True, help_text="What was seen.")
    tested = models.BooleanField(default=False, help_text="A drill tested the runbook.")
    escalates_at = models.DateTimeField(null=True, help_text="When its escalation path begins.")
    escalated_at = models.DateTimeField(null=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        ordering = ["started_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "runbook"], condition=Q(ended_at=None), name="runbook_in_use_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.runbook} in {self.incident}"

    @property
    def progress(self) -> str:
        """How many of its steps are ticked."""
        states = [step.state for step in self.steps.all()]
        ticked = sum(state != StepState.OPEN for state in states)
        return f"{ticked} of {len(states)} step{'' if len(states) == 1 else 's'}"


class StepState(models.TextChoices):
    OPEN = "open", "Open"
    DONE = "done", "Done"
    DEVIATED = "deviated", "Done in another way"
    SKIPPED = "skipped", "Left out"


OTHERWISE = (StepState.DEVIATED, StepState.SKIPPED)


class RunStep(models.Model):
    """One step of a run: what it says, and what became of it, by whom and when."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    section = models.CharField(max_length=16)
    option = models.CharField(max_length=200, blank=True)
    text = models.TextField()
    commands = models.JSONField(default=list)
    expect = models.TextField(blank=True)
    automated = models.TextField(blank=True)
    state = models.CharField(max_length=8, choices=StepState.choices, default=StepState.OPEN)
    note = models.TextField(blank=True, help_text="What was done instead, or why not.")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["run", "position"], name="runbook_step_once")]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """Its first line, without marks."""
        return rules.plain(self.text) or "a command"

    @property
    def said(self) -> str:
        """What became of it, in the middle of a sentence."""
        return "open again" if self.state == StepState.OPEN else StepState(self.state).label.lower()


class ReportQuerySet(models.QuerySet["Report"]):
    def visible_to(self, user: User | AnonymousUser) -> ReportQuerySet:
        """Those that came from no incident, or from one that a person may know of."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        return self.filter(Q(incident=None) | Q(incident__in=Incident.objects.visible_to(user)))

    def open(self) -> ReportQuerySet:
        return self.filter(settled_at=None)


class Report(models.Model):
    """Somebody found a runbook wrong: what is wrong, what is right, and where the work of mending it is kept."""

    runbook = models.ForeignKey(Runbook, models.CASCADE, related_name="reports")
    version = models.PositiveIntegerField()
    incident = models.ForeignKey(Incident, models.CASCADE, null=True, related_name="runbook_reports")
    step = models.CharField(max_length=200, blank=True)
    wrong = models.TextField()
    right = models.TextField()
    task = models.CharField(max_length=200, blank=True, help_text="The address of the work.")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    objects = ReportQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.runbook} is wrong"
