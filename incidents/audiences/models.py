from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from core.accounts.models import Team
from incidents.audiences.rules import WORDS, Kind
from incidents.severities.models import Severity

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from core.accounts.models import User

KINDS = [(kind.value, WORDS[kind]) for kind in Kind]


class Hears(models.TextChoices):
    INTERNAL = "internal", "Internal updates"
    PUBLIC = "public", "Public updates, word for word as customers read them"


class Page(models.TextChoices):
    """Where those on a list read on: what is written for them, without the rest."""

    ROOM = "room", "The incident room"
    STAKEHOLDERS = "stakeholders", "The page for stakeholders"
    SUPPORT = "support", "The page for support"
    SUMMARY = "summary", "The executive summary"


class AudienceListQuerySet(models.QuerySet["AudienceList"]):
    def visible_to(self, user: User | AnonymousUser) -> AudienceListQuerySet:
        """The lists a person may know of: all of them, once signed in."""
        return self.all() if user.is_authenticated and user.is_active else self.none()


class AudienceList(models.Model):
    """Who is told of incidents together: responders, stakeholders, support, executives, customers, … (R105)."""

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=60, unique=True)
    purpose = models.CharField(max_length=200, blank=True, help_text="What they need to know it for.")
    hears = models.CharField(max_length=8, choices=Hears.choices, default=Hears.INTERNAL)
    takes_part = models.BooleanField(
        "who takes part in the incident", default=False, help_text="They are on it by themselves."
    )
    page = models.CharField(
        "reads on",
        max_length=12,
        choices=Page.choices,
        default=Page.ROOM,
        help_text="Where the link in a message leads.",
    )
    least_seconds = models.PositiveIntegerField(
        null=True, blank=True, help_text="At least so long between two updates. Empty: as often as needed."
    )
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)

    objects = AudienceListQuerySet.as_manager()

    class Meta:
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name


class AudienceMember(models.Model):
    """One person, team, mail address or channel on a list. A channel is known by its id alone."""

    audience = models.ForeignKey(AudienceList, models.CASCADE, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+")
    team = models.ForeignKey(Team, models.CASCADE, null=True, related_name="+")
    email = models.EmailField(blank=True)
    room = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, team=None, email="", room=None)
                | Q(user=None, team__isnull=False, email="", room=None)
                | (Q(user=None, team=None, room=None) & ~Q(email=""))
                | Q(user=None, team=None, email="", room__isnull=False),
                name="audience_member_is_one_thing",
            ),
            models.UniqueConstraint(
                "audience",
                "user",
                "team",
                Lower("email"),
                "room",
                name="audience_member_once",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.audience_id}: {self.user or self.team or self.email or self.room}"


class AudienceRule(models.Model):
    """What a list is told of incidents of a severity. Without a row nothing."""

    audience = models.ForeignKey(AudienceList, models.CASCADE, related_name="rules")
    severity = models.ForeignKey(Severity, models.CASCADE, related_name="+")
    kinds = ArrayField(models.CharField(max_length=8, choices=KINDS), default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["audience", "severity"], name="audience_rule_once")]

    def __str__(self) -> str:
        return f"{self.audience_id} at {self.severity_id}: {', '.join(self.kinds)}"
