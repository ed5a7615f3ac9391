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


class Kind(models.TextChoices):
    PREVENT = "prevent", "Prevents"
    DETECT = "detect", "Detects"
    MITIGATE = "mitigate", "Mitigates"
    PROCESS = "process", "Process"


class ActionStatus(models.TextChoices):
    OPEN = "open", "Open"
    IN_PROGRESS = "in_progress", "In progress"
    DONE = "done", "Done"
    VERIFIED = "verified", "Verified"
    DROPPED = "dropped", "Dropped"


class Priority(models.IntegerChoices):
    HIGH = 1, "High"
    MEDIUM = 2, "Medium"
    LOW = 3, "Low"


class ActionItemQuerySet(models.QuerySet["ActionItem"]):
    def visible_to(self, user: User | AnonymousUser) -> ActionItemQuerySet:
        """Action items of postmortems a person may see, and those without one."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(Q(postmortem=None) | Q(postmortem__incident__in=Incident.objects.visible_to(user)))

    def open(self) -> ActionItemQuerySet:
        return self.filter(status__in=[ActionStatus.OPEN, ActionStatus.IN_PROGRESS])


class ActionItem(models.Model):
    postmortem = models.ForeignKey(
        "postmortems.Postmortem", models.CASCADE, null=True, blank=True, related_name="action_items"
    )
    title = models.CharField(max_length=200)
    key = models.CharField(max_length=80, null=True, unique=True)  # noqa: DJ001 - unique only where given
    about = models.CharField(
        max_length=200,
        blank=True,
        default="",
        db_default="",
        help_text="What it came from, where that is no postmortem.",
    )
    path = models.CharField(max_length=200, blank=True, default="", db_default="")
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.PREVENT)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="action_items"
    )
    due_on = models.DateField(null=True, blank=True)
    priority = models.PositiveSmallIntegerField(choices=Priority.choices, default=Priority.MEDIUM)
    status = models.CharField(max_length=12, choices=ActionStatus.choices, default=ActionStatus.OPEN)
    dropped_reason = models.CharField(max_length=300, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    done_at = models.DateTimeField(null=True)

    objects = ActionItemQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["status", "due_on"], name="action_item_due")]

    def __str__(self) -> str:
        return self.title
