from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from incidents.lifecycle.models import Incident
from incidents.ties.rules import Kind

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from core.accounts.models import User

KINDS = [(kind.value, kind.value.replace("_", " ").capitalize()) for kind in Kind]


class TieQuerySet(models.QuerySet["Tie"]):
    def visible_to(self, user: User | AnonymousUser) -> TieQuerySet:
        """The ties between incidents of which a person may know both; others do not exist for them."""
        seen = Incident.objects.visible_to(user)
        return self.filter(incident__in=seen, other__in=seen)

    def standing(self) -> TieQuerySet:
        return self.filter(ended_at=None)

    def between(self, incident: Incident) -> TieQuerySet:
        """Those of an incident, whichever way they point."""
        return self.filter(Q(incident=incident) | Q(other=incident))


class Tie(models.Model):
    """How one incident hangs together with another: `incident` is related to, caused by, part of … the `other`."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="ties")
    other = models.ForeignKey(Incident, models.CASCADE, related_name="ties_back")
    kind = models.CharField(max_length=10, choices=KINDS)
    reason = models.TextField(blank=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField(db_default=Now())
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)
    carried = models.JSONField(default=dict, help_text="What a merge took along, so that it can be undone.")

    objects = TieQuerySet.as_manager()

    class Meta:
        ordering = ["made_at", "id"]
        constraints = [
            models.CheckConstraint(condition=~Q(incident=F("other")), name="tie_of_two"),
            models.UniqueConstraint(
                fields=["incident", "other", "kind"], condition=Q(ended_at=None), name="tie_once"
            ),
            models.UniqueConstraint(
                fields=["incident"], condition=Q(ended_at=None, kind=Kind.PART), name="tie_part_of_one"
            ),
            models.UniqueConstraint(
                fields=["incident"], condition=Q(ended_at=None, kind=Kind.MERGED), name="tie_merged_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.kind} {self.other_id}"
