from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from core.accounts import policy
from core.accounts.models import Team

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from core.accounts.models import User

AMOUNTS = ("per_week", "per_weekend", "per_holiday", "per_hour", "per_night")


class PayRatesQuerySet(models.QuerySet["PayRates"]):
    def visible_to(self, user: User | AnonymousUser) -> PayRatesQuerySet:
        """Those of the teams whose things a person configures, and to who configures any those of every team."""
        if policy.can(user, policy.Verb.ADMIN):
            return self.all()
        teams = policy.managed_teams(user)
        return self.filter(Q(team__in=teams) | (Q(team=None) & Q(models.Exists(teams))))


class PayRates(models.Model):
    """What is paid for being on call from a date on: in the schedules of a team, or of every team without its own."""

    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="pay_rates")
    since = models.DateField()
    currency = models.CharField(max_length=3)
    per_week = models.DecimalField(max_digits=9, decimal_places=2, default=0)
    per_weekend = models.DecimalField(max_digits=9, decimal_places=2, default=0)
    per_holiday = models.DecimalField(max_digits=9, decimal_places=2, default=0)
    per_hour = models.DecimalField(max_digits=9, decimal_places=2, default=0)
    per_night = models.DecimalField(max_digits=9, decimal_places=2, default=0)
    adds = models.BooleanField(
        default=True, help_text="Else a date is paid by the best of week, weekend and holiday alone."
    )
    pays_secondary = models.BooleanField(
        default=True, help_text="Whether a schedule is paid while it stands behind another."
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    objects = PayRatesQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "pay rates"
        constraints = [
            models.UniqueConstraint(fields=["team", "since"], name="pay_rates_once"),
            models.UniqueConstraint(fields=["since"], condition=Q(team=None), name="pay_rates_of_all_once"),
            models.CheckConstraint(
                condition=Q(**{f"{name}__gte": 0 for name in AMOUNTS}), name="pay_rates_amounts"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.team or 'Every team'} from {self.since}"
