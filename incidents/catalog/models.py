from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from core.accounts.models import Team

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from core.accounts.models import User


class Tier(models.IntegerChoices):
    """How much depends on a service. 1 is worst to lose."""

    CRITICAL = 1, "Tier 1, critical"
    IMPORTANT = 2, "Tier 2, important"
    STANDARD = 3, "Tier 3, standard"


class ServiceKind(models.TextChoices):
    """Something that runs, or what customers do with it (R200)."""

    TECHNICAL = "technical", "Technical service"
    BUSINESS = "business", "Business service"


class ServiceQuerySet(models.QuerySet["Service"]):
    def visible_to(self, user: User | AnonymousUser) -> ServiceQuerySet:
        """The services a person may know of: all of them, once signed in."""
        return self.all() if user.is_authenticated and user.is_active else self.none()

    def active(self) -> ServiceQuerySet:
        return self.filter(is_active=True)


class Service(models.Model):
    """Something the company runs: owned by a team, with what it depends on and what people need to know."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=80, unique=True)
    description = models.TextField(blank=True)
    kind = models.CharField(
        max_length=9,
        choices=ServiceKind.choices,
        default=ServiceKind.TECHNICAL,
        db_default=ServiceKind.TECHNICAL,
        help_text="A business service is something customers do, as paying by card. It depends on what runs.",
    )
    customers_say = models.CharField(
        "what customers would say",
        max_length=200,
        blank=True,
        default="",
        db_default="",
        help_text="When it fails, in their words: “I cannot pay.”",
    )
    tier = models.PositiveSmallIntegerField(choices=Tier.choices, default=Tier.STANDARD)
    is_being_replaced = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Less is asked of it: its tier raises no severity, and only an owner has to be there for it.",
    )
    team = models.ForeignKey(Team, models.PROTECT, related_name="services")
    depends_on: models.ManyToManyField[Service, models.Model] = models.ManyToManyField(
        "self", symmetrical=False, related_name="dependents", blank=True
    )
    experts: models.ManyToManyField[User, models.Model] = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        related_name="+",
        blank=True,
        help_text="Who knows it best, whoever is on call.",
    )
    origin = models.CharField(
        max_length=200,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="The entity of another catalog from which it is imported, as component:default/payments.",
    )
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now())

    objects = ServiceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["origin"], condition=~models.Q(origin=""), name="service_origin_once"
            )
        ]

    def __str__(self) -> str:
        return self.name


class LinkKind(models.TextChoices):
    """What one finds there, in the order in which one needs it (R202)."""

    RUNBOOK = "runbook", "Runbook"
    DASHBOARD = "dashboard", "Dashboard"
    METRICS = "metrics", "Metrics"
    EVENTS = "events", "Events"
    LOGS = "logs", "Logs"
    TRACES = "traces", "Traces"
    REPOSITORY = "repository", "Repository"
    CHAT = "chat", "Chat"
    DOCUMENT = "document", "Document"


ICONS = {
    LinkKind.RUNBOOK: "book",
    LinkKind.DASHBOARD: "chart",
    LinkKind.METRICS: "chart",
    LinkKind.EVENTS: "bell",
    LinkKind.LOGS: "doc",
    LinkKind.TRACES: "services",
    LinkKind.REPOSITORY: "deploy",
    LinkKind.CHAT: "note",
}


class ServiceLink(models.Model):
    service = models.ForeignKey(Service, models.CASCADE, related_name="links")
    kind = models.CharField(max_length=12, choices=LinkKind.choices, default=LinkKind.DOCUMENT)
    label = models.CharField(max_length=80)
    url = models.URLField(max_length=500)

    def __str__(self) -> str:
        return self.label

    @property
    def icon(self) -> str:
        """Name the picture beside it."""
        return ICONS.get(LinkKind(self.kind), "link") if self.kind in LinkKind.values else "link"

    @property
    def place(self) -> int:
        """Where it stands among the links of its service."""
        return LinkKind.values.index(self.kind) if self.kind in LinkKind.values else len(LinkKind.values)
