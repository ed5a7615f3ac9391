from __future__ import annotations

from typing import TYPE_CHECKING

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from incidents.audiences.models import KINDS, AudienceList, Page
from incidents.audiences.rules import Kind
from incidents.lifecycle.models import STATUSES, Incident
from incidents.severities.models import Severity
from incidents.subscriptions.models import Subscription
from incidents.wording.rules import NAMES, Layout

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from core.accounts.models import User


LAYOUTS = [(layout.value, NAMES[layout]) for layout in Layout]


class Audience(models.TextChoices):
    INTERNAL = "internal", "Internal"
    PUBLIC = "public", "Public"


class UpdateQuerySet(models.QuerySet["Update"]):
    def visible_to(self, user: User | AnonymousUser) -> UpdateQuerySet:
        """The updates of the incidents a person may know of."""
        return self.filter(incident__in=Incident.objects.visible_to(user))


class Update(models.Model):
    """A written message to an audience, never changed. Internal and public ones are different objects (R106)."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="updates")
    audience = models.CharField(max_length=8, choices=Audience.choices)
    status = models.CharField(max_length=14, choices=STATUSES)
    text = models.TextField()
    public_title = models.CharField(
        max_length=200,
        blank=True,
        help_text="Public only: the title customers see. Empty: made from the components.",
    )
    components = models.JSONField(default=dict, help_text="Public only: component id to state.")
    next_update_in_seconds = models.PositiveIntegerField(null=True)
    next_update_due_at = models.DateTimeField(null=True)
    no_news = models.BooleanField(default=False)
    kind = models.CharField(max_length=8, choices=KINDS, default=Kind.LATER)
    is_account = models.BooleanField(
        default=False, help_text="Public only: the account of what happened, once it is over."
    )
    lists = ArrayField(
        models.CharField(max_length=60), default=list, help_text="The names of whom it went to."
    )
    layout = models.CharField(max_length=6, choices=LAYOUTS, default=Layout.PLAIN)
    fields = models.JSONField(default=dict, help_text="What stood in each field of its layout.")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    published_at = models.DateTimeField(db_default=Now())
    idempotency_key = models.UUIDField(null=True, unique=True)

    objects = UpdateQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["incident", "-published_at"], name="update_recent")]
        triggers = [pgtrigger.Protect(name="update_immutable", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return self.text


class Fate(models.TextChoices):
    """What became of telling somebody; the ends of `core.outbox` and the time before them."""

    PENDING = "pending", "On its way"
    ACCEPTED = "accepted", "Handed over"
    DELIVERED = "delivered", "Arrived"
    NO_RECEIPT = "no_receipt", "Handed over, nobody said that it arrived"
    FAILED = "failed", "Did not arrive"
    UNKNOWN = "unknown", "Perhaps arrived"
    EXPIRED = "expired", "Too late to send"
    SUPPRESSED = "suppressed", "Not sent"
    BUNDLED = "bundled", "Sent with others"


BAD = (Fate.FAILED, Fate.UNKNOWN, Fate.EXPIRED)


class ToldQuerySet(models.QuerySet["Told"]):
    def visible_to(self, user: User | AnonymousUser) -> ToldQuerySet:
        """Who was told of the incidents that a person may know of."""
        return self.filter(update__incident__in=Incident.objects.visible_to(user))


class Told(models.Model):
    """One person, mail address or channel that an update goes to, and what became of it."""

    update = models.ForeignKey(Update, models.CASCADE, related_name="told")
    key = models.CharField(max_length=300)
    name = models.CharField(max_length=300)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    room = models.BigIntegerField(null=True)
    channel = models.CharField(max_length=20)
    lists = ArrayField(models.CharField(max_length=60), default=list)
    hears_private = models.BooleanField(default=False)
    subscription = models.ForeignKey(Subscription, models.SET_NULL, null=True, related_name="+")
    page = models.CharField(max_length=12, choices=Page.choices, default=Page.ROOM)
    takes_part = models.BooleanField(default=False, help_text="Reads the technical detail as well.")
    state = models.CharField(max_length=10, choices=Fate.choices, default=Fate.PENDING)
    detail = models.CharField(max_length=300, blank=True)
    ended_at = models.DateTimeField(null=True)

    objects = ToldQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["update", "key"], name="told_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_bad(self) -> bool:
        return self.state in BAD


class UpdateTemplateQuerySet(models.QuerySet["UpdateTemplate"]):
    def visible_to(self, user: User | AnonymousUser) -> UpdateTemplateQuerySet:
        """The templates a person may know of: all of them, once signed in."""
        return self.all() if user.is_authenticated and user.is_active else self.none()


class UpdateTemplate(models.Model):
    """Approved wording, with placeholders {title}, {severity}, {services}, {started}, {commander}, {next_update}."""

    name = models.CharField(max_length=80, unique=True)
    audience = models.CharField(max_length=8, choices=Audience.choices)
    status = models.CharField(max_length=14, choices=STATUSES, blank=True)
    severity = models.ForeignKey(Severity, models.SET_NULL, null=True, blank=True, related_name="+")
    text = models.TextField()
    hint = models.CharField(max_length=200, blank=True, help_text="Tone guidance shown beside the field.")
    for_list = models.ForeignKey(
        AudienceList,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="Whoever begins with it tells this list alone, unless they choose others.",
    )
    version = models.PositiveIntegerField(default=1)
    position = models.PositiveSmallIntegerField(default=0)

    objects = UpdateTemplateQuerySet.as_manager()

    class Meta:
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name
