from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from incidents.catalog.models import Service
from incidents.readiness.rules import Outcome

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from core.accounts.models import User

OUTCOMES = [
    (Outcome.YES.value, "Yes"),
    (Outcome.NO.value, "Not yet"),
    (Outcome.NOT_NEEDED.value, "Not needed here"),
]


class ReadinessQuestionQuerySet(models.QuerySet["ReadinessQuestion"]):
    def active(self) -> ReadinessQuestionQuerySet:
        return self.filter(is_active=True)

    def visible_to(self, user: User | AnonymousUser) -> ReadinessQuestionQuerySet:
        """The questions a person may know of: all of them, once signed in."""
        return self.all() if user.is_authenticated and user.is_active else self.none()


class ReadinessQuestion(models.Model):
    """Something about a service that only a person knows (R204)."""

    slug = models.SlugField(max_length=40, unique=True)
    text = models.CharField(max_length=120, help_text="What holds when the answer is yes.")
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    objects = ReadinessQuestionQuerySet.as_manager()

    class Meta:
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.text


class ReadinessAnswer(models.Model):
    """What somebody answered for a service. The latest for an item counts; the others are its history."""

    service = models.ForeignKey(Service, models.CASCADE, related_name="readiness_answers")
    item = models.CharField(max_length=40)
    outcome = models.CharField(max_length=10, choices=OUTCOMES)
    note = models.CharField(max_length=300, blank=True, default="", db_default="")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["service", "item", "-id"], name="readiness_answer_latest")]

    def __str__(self) -> str:
        return f"{self.item}: {self.outcome}"
