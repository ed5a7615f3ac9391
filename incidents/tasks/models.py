from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from incidents.lifecycle.models import Incident
from incidents.severities.models import Severity
from incidents.tasks.rules import Fact, Occasion

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from core.accounts.models import User

OCCASIONS = [
    (Occasion.DECLARED.value, "When an incident is declared"),
    (Occasion.RESOLVED.value, "When it is resolved"),
    (Occasion.BY_HAND.value, "When somebody asks for it"),
]
FACTS = [
    (Fact.DECLARED.value, "The incident is declared"),
    (Fact.TAKEN.value, "Somebody took it"),
    (Fact.ROLES.value, "The roles that its severity asks for are filled"),
    (Fact.TOLD.value, "An update was published"),
]


class ChecklistQuerySet(models.QuerySet["Checklist"]):
    def visible_to(self, user: User | AnonymousUser) -> ChecklistQuerySet:
        """The checklists a person may know of: all of them, once signed in."""
        return self.all() if user.is_authenticated and user.is_active else self.none()

    def active(self) -> ChecklistQuerySet:
        return self.filter(is_active=True)


class Checklist(models.Model):
    """What is done in every incident of a kind: configured, and put into the room as tasks when its time comes."""

    name = models.CharField(max_length=60, unique=True)
    occasion = models.CharField(max_length=8, choices=OCCASIONS, default=Occasion.DECLARED.value)
    severities: models.ManyToManyField[Severity, models.Model] = models.ManyToManyField(
        Severity, related_name="+", blank=True, help_text="Empty: at every level."
    )
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    objects = ChecklistQuerySet.as_manager()

    class Meta:
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name


class ChecklistStep(models.Model):
    """One line of a checklist."""

    checklist = models.ForeignKey(Checklist, models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField(default=0)
    title = models.CharField(max_length=200)
    hint = models.TextField(blank=True, help_text="How, or where to look.")
    done_when = models.CharField(
        max_length=8, choices=FACTS, blank=True, help_text="Done by itself then. Empty: somebody ticks it."
    )

    class Meta:
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.title


class State(models.TextChoices):
    OPEN = "open", "Open"
    DONE = "done", "Done"
    DROPPED = "dropped", "Dropped"


class TaskQuerySet(models.QuerySet["Task"]):
    def visible_to(self, user: User | AnonymousUser) -> TaskQuerySet:
        """The tasks of the incidents a person may know of."""
        return self.filter(incident__in=Incident.objects.visible_to(user))

    def open(self) -> TaskQuerySet:
        return self.filter(state=State.OPEN)


class Task(models.Model):
    """One thing that one person does in an incident, or a step of a checklist that came up in it."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="tasks")
    title = models.CharField(max_length=200)
    hint = models.TextField(blank=True)
    list_name = models.CharField(
        max_length=60, blank=True, help_text="The checklist it came with, as it was called then."
    )
    step = models.ForeignKey(ChecklistStep, models.SET_NULL, null=True, blank=True, related_name="+")
    round = models.PositiveSmallIntegerField(
        default=0, help_text="How often the incident had been opened again."
    )
    done_when = models.CharField(max_length=8, choices=FACTS, blank=True)
    position = models.PositiveIntegerField(default=0)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="incident_tasks"
    )
    due_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=7, choices=State.choices, default=State.OPEN)
    result = models.TextField(blank=True, help_text="What came of it, or why it was dropped.")
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    version = models.PositiveIntegerField(default=1)

    objects = TaskQuerySet.as_manager()

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["incident", "step", "round"], name="task_of_step_once"),
            models.CheckConstraint(
                condition=Q(state=State.OPEN, ended_at=None)
                | (~Q(state=State.OPEN) & Q(ended_at__isnull=False)),
                name="task_ended_once_ended",
            ),
        ]
        indexes = [
            models.Index(
                fields=["assignee", "due_at"], condition=Q(state=State.OPEN), name="task_open_of_person"
            )
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_open(self) -> bool:
        return self.state == State.OPEN

    @property
    def is_late(self) -> bool:
        """Whether it should be done by now."""
        return self.is_open and self.due_at is not None and self.due_at <= timezone.now()
