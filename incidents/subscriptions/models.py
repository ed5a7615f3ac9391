from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now

from incidents.audiences.models import Hears
from incidents.lifecycle.models import Incident

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from core.accounts.models import User


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    def visible_to(self, user: User | AnonymousUser) -> SubscriptionQuerySet:
        """Who subscribed to the incidents that a person may know of."""
        return self.filter(incident__in=Incident.objects.visible_to(user))

    def lasting(self) -> SubscriptionQuerySet:
        return self.filter(ended_at=None)


class Subscription(models.Model):
    """Somebody gets the updates of one incident by mail: a person, or an address without an account."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="subscriptions")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+")
    email = models.EmailField()
    hears = models.CharField(max_length=8, choices=Hears.choices, default=Hears.INTERNAL)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                "incident", Lower("email"), condition=Q(ended_at=None), name="subscription_once"
            )
        ]

    def __str__(self) -> str:
        return str(self.user or self.email)
