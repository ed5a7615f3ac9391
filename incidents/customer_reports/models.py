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


class CustomerReportQuerySet(models.QuerySet["CustomerReport"]):
    def visible_to(self, user: User | AnonymousUser) -> CustomerReportQuerySet:
        """What customers reported of the incidents that a person may know of."""
        return self.filter(incident__in=Incident.objects.visible_to(user))

    def counted(self) -> CustomerReportQuerySet:
        return self.filter(taken_back_at=None)


class CustomerReport(models.Model):
    """What customers said of an incident by themselves: how many, what, when (R092)."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="customer_reports")
    count = models.PositiveIntegerField(default=1)
    text = models.TextField()
    at = models.DateTimeField(db_default=Now())
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    taken_back_at = models.DateTimeField(null=True)
    key = models.UUIDField(null=True, unique=True)

    objects = CustomerReportQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["incident", "-at"], name="customer_report_order")]
        constraints = [models.CheckConstraint(condition=Q(count__gte=1), name="customer_report_counts")]

    def __str__(self) -> str:
        return self.text
