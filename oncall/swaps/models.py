from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from oncall.schedules.models import Schedule


def new_nonce() -> str:
    """What tells a request's address from that of another one of the same number."""
    return secrets.token_hex(8)


class Takers(models.TextChoices):
    """Who may take a shift that somebody wants to give away."""

    ROTATION = "rotation", "Anybody in a rotation of this schedule"
    TEAM = "team", "Anybody in its rotations or its team"
    EVERYBODY = "everybody", "Any responder"


class SwapRule(models.Model):
    """Who may take shifts of a schedule, and whether a manager has to approve it. Without a row the defaults count."""

    schedule = models.OneToOneField(Schedule, models.CASCADE, related_name="swap_rule")
    takers = models.CharField(max_length=10, choices=Takers.choices, default=Takers.ROTATION)
    needs_approval = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.get_takers_display()}, approved by a manager" if self.needs_approval else self.takers


class Status(models.TextChoices):
    OPEN = "open", "Nobody has taken it"
    WAITING = "waiting", "Waits for approval"
    TAKEN = "taken", "Taken"
    DECLINED = "declined", "Declined"
    REJECTED = "rejected", "Not approved"
    WITHDRAWN = "withdrawn", "Withdrawn"
    EXPIRED = "expired", "Nobody took it in time"
    LAPSED = "lapsed", "The shift changed"


ASKED = (Status.OPEN, Status.WAITING)
LIVE = (*ASKED, Status.TAKEN)


class Swap(models.Model):
    """A person's whole shifts that somebody else is to take. It is bound to the shifts, not to clock times."""

    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="swaps")
    beneficiary = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    wanted = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Only this person is asked.",
    )
    taker = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    reason = models.CharField(max_length=200, blank=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    counts_from = models.DateTimeField(null=True, help_text="Since when it is in force.")
    counts_until = models.DateTimeField(null=True, help_text="When it was ended, if it was.")
    nonce = models.CharField(max_length=16, default=new_nonce, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(counts_from=None) | Q(taker__isnull=False), name="swap_in_force_has_taker"
            ),
            models.CheckConstraint(
                condition=Q(counts_until=None) | Q(counts_until__gte=F("counts_from")), name="swap_span"
            ),
        ]
        indexes = [
            models.Index(
                fields=["schedule"], condition=Q(status__in=["open", "waiting", "taken"]), name="swap_live"
            ),
            models.Index(
                fields=["taker", "schedule"], condition=Q(counts_from__isnull=False), name="swap_taker"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.beneficiary} to {self.taker or 'nobody yet'}"

    @property
    def given(self) -> list[SwapShift]:
        """The shifts that somebody else takes."""
        return [row for row in self.shifts.all() if not row.is_return]

    @property
    def returned(self) -> list[SwapShift]:
        """What its person takes in exchange."""
        return [row for row in self.shifts.all() if row.is_return]


class SwapShift(models.Model):
    """One shift of a swap by its name in the rotation, and when it was last known to be."""

    swap = models.ForeignKey(Swap, models.CASCADE, related_name="shifts")
    lineage = models.BigIntegerField()
    turn = models.IntegerField()
    window = models.DateField(null=True)
    start = models.DateTimeField()
    end = models.DateTimeField()
    lapsed_at = models.DateTimeField(null=True)
    is_return = models.BooleanField(
        db_default=False,
        default=False,
        help_text="A shift of the taker, which the other one has in exchange.",
    )

    class Meta:
        ordering = [F("start").asc(), F("id").asc()]
        constraints = [models.CheckConstraint(condition=Q(end__gt=F("start")), name="swap_shift_span")]
        indexes = [models.Index(fields=["end"], name="swap_shift_end")]

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M} UTC"


class SwapEntry(models.Model):
    """One line of what happened to a swap."""

    swap = models.ForeignKey(Swap, models.CASCADE, related_name="entries")
    at = models.DateTimeField(db_default=Now())
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    what = models.CharField(max_length=10)
    text = models.CharField(max_length=300)

    class Meta:
        ordering = [F("id").asc()]

    def __str__(self) -> str:
        return self.text
