from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from incidents.lifecycle.models import known_to
from oncall.alerts.models import CANARY, Urgency
from oncall.destinations.models import Destination
from oncall.matching.rules import is_out_of_hours
from oncall.paging.rules import Over

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from core.accounts.models import User


class ContactMethod(models.Model):
    """A way to reach a person: a channel and an address, checked before it is relied on.

    The address is sealed on most channels; `address_lookup` is the keyed hash that it is found by then.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="contact_methods")
    channel = models.CharField(max_length=20)
    label = models.CharField(max_length=60, blank=True)
    address = models.CharField(max_length=1000)
    address_lookup = models.CharField(max_length=64, blank=True, db_default="")
    secret = models.CharField(
        max_length=500, blank=True, help_text="Sealed; signs what is sent to a webhook."
    )
    is_enabled = models.BooleanField(default=True)
    takes_calls = models.BooleanField(
        default=False, db_default=False, help_text="Callers of an on-call number may be connected to it."
    )
    verified_at = models.DateTimeField(null=True)
    last_ok_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "channel", "address"], name="contact_method_once"),
        ]
        indexes = [
            models.Index(fields=["address_lookup"], name="contact_method_lookup"),
        ]

    def __str__(self) -> str:
        # Without the address: it stands in titles and logs.
        return f"{self.channel} {self.pk}"


class NotificationRule(models.Model):
    """One line of a person's own rules: at this urgency, this method, so long after the page.

    One for `only_on_call` counts while the person is on call, and is beside the others.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notification_rules")
    urgency = models.CharField(max_length=4, choices=Urgency.choices, default=Urgency.HIGH)
    method = models.ForeignKey(ContactMethod, models.CASCADE, related_name="rules")
    delay_seconds = models.PositiveIntegerField(default=0)
    only_on_call = models.BooleanField(db_default=False, default=False)

    class Meta:
        ordering = [F("delay_seconds").asc(), F("id").asc()]
        constraints = [
            models.UniqueConstraint(fields=["user", "urgency", "method", "delay_seconds"], name="rule_once"),
        ]

    def __str__(self) -> str:
        return f"{self.urgency} {self.method_id} +{self.delay_seconds}"


class PageStatus(models.TextChoices):
    PENDING = "pending", "Pending"
    SENT = "sent", "Sent"
    DELIVERED = "delivered", "Delivered"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    FAILED = "failed", "Failed"
    EXPIRED = "expired", "Expired"
    UNKNOWN = "unknown", "Unknown"
    SUPPRESSED = "suppressed", "Suppressed"
    BUNDLED = "bundled", "Bundled"
    DECLINED = "declined", "Declined"


OPEN = (PageStatus.PENDING, PageStatus.SENT, PageStatus.DELIVERED)


class PageQuerySet(models.QuerySet["Page"]):
    def open(self) -> PageQuerySet:
        """Those that still wait for their person."""
        return self.filter(status__in=OPEN, ended_at=None)

    def visible_to(self, user: User | AnonymousUser) -> PageQuerySet:
        """The pages a person may know of: their own, and all but those about a private incident of others.

        A test page, which belongs to no escalation, is its person's alone.
        """
        if not user.is_authenticated or not user.is_active:
            return self.none()
        public = [_public(path, user) for path in ("escalation__incident", "escalation__alert__incident")]
        found = self.filter(Q(user=user) | (Q(escalation__isnull=False) & public[0] & public[1]))
        return found.exclude(escalation__alert__integration__kind=CANARY)


def _public(path: str, user: User) -> Q:
    return Q(**{path: None}) | Q(**{f"{path}__private": False}) | known_to(user, path)


class Page(models.Model):
    """One person asked at one level of one escalation: what they acknowledge, and what the ledger lists.

    Its messages are `core.outbox` rows with client "oncall.page" and this id as their subject. A page without a
    person is what a channel was told (`destination`), or the record of a level that resolved to nobody or was skipped, with
    the reason in `why`; its `answer` says who took it or passed it on by a button there. One without
    an escalation is a test. `troubled_at` is since when no channel of the person is known to work: the message is
    still being tried, and the escalation does not wait for it. `held_until` is when
    the one message goes out for all pages that wait for the end of the same quiet hours, or for the morning after a
    night in which its person had as many as their limit (`over_limit`). A page of somebody behind a trainee (`in_front`)
    goes out at `waits_until`, or as soon as the trainee cannot be reached.
    """

    escalation = models.ForeignKey("oncall.Escalation", models.CASCADE, null=True, related_name="pages")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="pages")
    destination = models.ForeignKey(
        Destination, models.SET_NULL, null=True, related_name="pages", db_index=False
    )
    epoch = models.PositiveIntegerField(default=0)
    round = models.PositiveSmallIntegerField(default=0)
    level = models.PositiveSmallIntegerField(default=0)
    position = models.PositiveSmallIntegerField(default=0)
    urgency = models.CharField(max_length=4, choices=Urgency.choices, default=Urgency.HIGH)
    why = models.CharField(max_length=500, blank=True)
    message = models.TextField(blank=True, help_text="The words of a page by hand or a test page.")
    answer = models.CharField(
        max_length=300, blank=True, db_default="", help_text="Why the person of a page by hand does not come."
    )
    nonce = models.CharField(max_length=16)
    status = models.CharField(max_length=12, choices=PageStatus.choices, default=PageStatus.PENDING)
    planned_at = models.DateTimeField()
    held_until = models.DateTimeField(
        null=True, help_text="The end of the person's quiet hours or night, when its urgency is low."
    )
    in_front = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        db_index=False,
        help_text="Who is paged first, to learn: this page waits for them.",
    )
    waits_until = models.DateTimeField(
        null=True, help_text="When it goes out unless somebody has acknowledged, where somebody is in front."
    )
    over_limit = models.CharField(
        max_length=12,
        choices=[(over.value, over.said) for over in Over],
        blank=True,
        default="",
        db_default="",
        help_text="What became of it because it was over the person's limit of that night.",
    )
    created_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    troubled_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    recipients: int
    """How many different people its level asked in its pass, where it is read for the ledger."""

    objects = PageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["escalation", "epoch", "round", "level", "position"], name="page_once"
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-created_at"], name="page_user"),
            models.Index(
                fields=["user"], condition=Q(status__in=["pending", "sent", "delivered"]), name="page_open"
            ),
        ]

    def __str__(self) -> str:
        return f"page {self.pk}"

    @property
    def is_out_of_hours(self) -> bool:
        """Whether it was due outside of working hours, by the clocks of its person's zone; read it with the person."""
        return self.user is not None and is_out_of_hours(self.planned_at, zone=self.user.time_zone)
