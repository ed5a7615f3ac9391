from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now

from core.accounts import policy
from core.accounts.models import Team
from incidents.lifecycle.models import Incident
from incidents.severities.models import Severity
from oncall.absences.models import Absence
from oncall.paging.models import Page
from oncall.timeoff.rules import State, Why

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from core.accounts.models import User

MOST_HOURS, MOST_MINUTES, MOST_DAYS = 80, 600, 366


class TimeOffTermsQuerySet(models.QuerySet["TimeOffTerms"]):
    def visible_to(self, user: User | AnonymousUser) -> TimeOffTermsQuerySet:
        """Those of the teams whose things a person configures, and to who configures any those of every team."""
        if policy.can(user, policy.Verb.ADMIN):
            return self.all()
        teams = policy.managed_teams(user)
        return self.filter(Q(team__in=teams) | (Q(team=None) & Q(models.Exists(teams))))


class TimeOffTerms(models.Model):
    """How much time off is proposed for being on call: in a team, or in every team without its own."""

    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="time_off_terms")
    per_night = models.PositiveSmallIntegerField(default=8, help_text="Hours for a hard night.")
    per_weekend = models.PositiveSmallIntegerField(default=0, help_text="Hours for a weekend on call.")
    per_incident = models.PositiveSmallIntegerField(default=8, help_text="Hours after a major incident.")
    woken_minutes = models.PositiveSmallIntegerField(
        default=60,
        help_text="A night in which pages kept somebody awake for longer is hard; 0: only the limit counts.",
    )
    severity = models.ForeignKey(
        Severity,
        models.PROTECT,
        null=True,
        related_name="+",
        help_text="An incident of this level or a worse one is major; empty: none is.",
    )
    days = models.PositiveSmallIntegerField(default=14, help_text="So many days it can be taken.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    changed_at = models.DateTimeField(db_default=Now())

    objects = TimeOffTermsQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "time off terms"
        constraints = [
            models.UniqueConstraint(Coalesce("team_id", 0), name="time_off_terms_once"),
            models.CheckConstraint(
                condition=Q(
                    per_night__lte=MOST_HOURS,
                    per_weekend__lte=MOST_HOURS,
                    per_incident__lte=MOST_HOURS,
                    woken_minutes__lte=MOST_MINUTES,
                    days__gte=1,
                    days__lte=MOST_DAYS,
                ),
                name="time_off_terms_range",
            ),
        ]

    def __str__(self) -> str:
        return str(self.team or "Every team")


class TimeOffQuerySet(models.QuerySet["TimeOff"]):
    def of(self, user: User | AnonymousUser) -> TimeOffQuerySet:
        """A person's own. What others may see of it `timeoff.queries` says: it may stem from a private incident."""
        return self.filter(user=user.pk) if user.is_authenticated and user.is_active else self.none()

    def public_to(self, user: User | AnonymousUser) -> TimeOffQuerySet:
        """Leave out what stems from a private incident of others, in whole or in part."""
        pages = TimeOff.pages.through._default_manager  # noqa: SLF001 - the public name may differ
        hidden = pages.filter(timeoff=models.OuterRef("pk")).exclude(page__in=Page.objects.visible_to(user))
        public = Q(incident=None) | Q(incident__in=Incident.objects.visible_to(user))
        return self.filter(Q(user=user.pk) | (public & ~Q(models.Exists(hidden))))


class TimeOff(models.Model):
    """Time off that a person has earned by a hard night, a weekend or a major incident: proposed, planned, taken.

    Of a night the pages are kept with what made it hard, so that whoever may not know of some of them sees it only if
    the others are enough.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="time_off")
    why = models.CharField(max_length=8, choices=[(why.value, why.value.capitalize()) for why in Why])
    occurrence = models.CharField(
        max_length=20, help_text="The morning of the night, the Saturday, or the incident."
    )
    day = models.DateField(help_text="The morning, the Saturday, or the day on which the incident was over.")
    team = models.ForeignKey(
        Team, models.PROTECT, null=True, related_name="+", help_text="Whose terms it is by."
    )
    incident = models.ForeignKey(
        Incident, models.CASCADE, null=True, related_name="+", help_text="The only one that it is for."
    )
    hours = models.DecimalField(max_digits=5, decimal_places=2)
    take_by = models.DateField(help_text="The last day on which it can be taken.")
    time_zone = models.CharField(max_length=64)
    pages: models.ManyToManyField[Page, models.Model] = models.ManyToManyField(Page, related_name="+")
    count = models.PositiveSmallIntegerField(default=0, help_text="Pages in the night.")
    awake_minutes = models.PositiveSmallIntegerField(default=0)
    limit = models.PositiveSmallIntegerField(default=0, help_text="The limit of the night then.")
    woken_minutes = models.PositiveSmallIntegerField(default=0, help_text="What was too long then.")
    state = models.CharField(
        max_length=8, choices=[(state.value, state.value.capitalize()) for state in State], default="proposed"
    )
    start = models.DateTimeField(null=True)
    end = models.DateTimeField(null=True)
    absence = models.OneToOneField(Absence, models.SET_NULL, null=True, related_name="time_off")
    reason = models.CharField(max_length=200, blank=True, help_text="Why it was declined.")
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(db_default=Now())

    objects = TimeOffQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "time off"
        constraints = [
            models.UniqueConstraint(fields=["user", "why", "occurrence"], name="time_off_once"),
            models.CheckConstraint(
                condition=Q(state__in=["proposed", "declined", "expired"], start=None, end=None)
                | Q(state__in=["planned", "taken"], end__gt=F("start")),
                name="time_off_span",
            ),
            models.CheckConstraint(condition=Q(hours__gt=0), name="time_off_hours"),
        ]
        indexes = [models.Index(fields=["user", "-day"], name="time_off_of_user")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.why} {self.occurrence}"
