from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now


class Lane(models.IntegerChoices):
    """Who goes first. A lower number is claimed before a higher one; bulk never holds up a page."""

    CRITICAL = 0, "Critical pages"
    PAGES = 1, "Pages"
    PEOPLE = 2, "People"
    BULK = 3, "Bulk"


class State(models.TextChoices):
    """States of a message. Only `pending` and `sending` are alive; every other one is an end.

    `accepted` by a provider that sends receipts is an end for now: a receipt makes it `delivered` or `failed`,
    and none in time `no_receipt`.
    """

    PENDING = "pending"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    NO_RECEIPT = "no_receipt"
    FAILED = "failed"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    SUPPRESSED = "suppressed"
    BUNDLED = "bundled"


class Message(models.Model):
    """One message to one address on one channel: due, claimed by lease, sent, and its end kept.

    `key` is the idempotency key that the receiver sees on every resend. `client` names who asked for it and
    who is asked (guard) and told (listener); `subject_id`, `epoch` and `content` are the client's own.
    `secret` is sealed, and so is `address` but for channels that keep it in the clear. `untold_at` is set when
    the listener failed on the end of this message: it is told again from then on. `receipt_due_at` is until
    when the provider should have said what became of it. One that `may_bundle` goes into a digest (`bundle_of`)
    when its person or channel gets too many; for a digest that changes an earlier one, it is that. `taken_at` is when
    it was first claimed or bundled. What it names may have moved to the history before it (`history.py`); its columns
    are those of `outbox_pastmessage` too.
    """

    key = models.CharField(max_length=200, unique=True)
    client = models.CharField(max_length=40)
    subject_id = models.BigIntegerField()
    epoch = models.PositiveIntegerField(default=0)
    lane = models.PositiveSmallIntegerField(choices=Lane.choices)
    channel = models.CharField(max_length=20)
    address = models.CharField(max_length=1000)
    secret = models.TextField(blank=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+")
    content = models.JSONField(default=dict)

    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    planned_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField(db_default=Now())
    not_after = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    unknown_outcomes = models.PositiveSmallIntegerField(default=0)
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    lease_owner = models.CharField(max_length=80, blank=True)
    provider_id = models.CharField(max_length=200, blank=True)
    fallback_of = models.ForeignKey(
        "self", models.SET_NULL, null=True, related_name="fallbacks", db_constraint=False
    )
    may_bundle = models.BooleanField(db_default=False)
    bundle_of = models.ForeignKey(
        "self", models.SET_NULL, null=True, related_name="bundled", db_constraint=False
    )
    taken_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)
    untold_at = models.DateTimeField(null=True)
    receipt_due_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state="sending", lease_token__isnull=False)
                | (~Q(state="sending") & Q(lease_token=None)),
                name="message_sending_has_lease",
            ),
        ]
        indexes = [
            models.Index(
                fields=["lane", "due_at", "id"],
                condition=Q(state__in=["pending", "sending"]),
                name="message_next",
            ),
            models.Index(fields=["client", "subject_id"], name="message_subject"),
            models.Index(
                fields=["user", "channel", "taken_at"],
                condition=Q(may_bundle=True, taken_at__isnull=False),
                name="message_lately",
            ),
            # For what a day cost: channels that are paid by the message.
            models.Index(
                fields=["channel", "taken_at"], condition=Q(channel__in=["sms", "voice"]), name="message_paid"
            ),
            models.Index(fields=["untold_at"], condition=Q(untold_at__isnull=False), name="message_untold"),
            models.Index(
                fields=["receipt_due_at"],
                condition=Q(state="accepted", receipt_due_at__isnull=False),
                name="message_receipt_due",
            ),
            # What earlier versions stored in the clear, to be sealed; empty from then on.
            models.Index(
                fields=["id"],
                condition=~Q(address__startswith="sealed:") & ~Q(channel__in=["email", "null"]),
                name="message_unsealed",
            ),
            # For who watches the engine: held by nobody any more, ended without a known arrival.
            models.Index(fields=["lease_until"], condition=Q(state="sending"), name="message_leased"),
            models.Index(
                fields=["ended_at"], condition=Q(state__in=["expired", "unknown"]), name="message_lost"
            ),
        ]

    def __str__(self) -> str:
        return self.key


class Attempt(models.Model):
    """One try to send a message; appended, never changed after it ended."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="tries")
    n = models.PositiveSmallIntegerField()
    worker = models.CharField(max_length=80)
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=20, blank=True)
    detail = models.CharField(max_length=500, blank=True)
    late = models.BooleanField(default=False)

    class Meta:
        ordering = [F("id").asc()]
        indexes = [
            models.Index(fields=["started_at"], condition=Q(outcome="unknown"), name="attempt_unknown"),
        ]

    def __str__(self) -> str:
        return f"{self.message_id} try {self.n}"


class WorkerBeat(models.Model):
    """The last sign of life of a process that drains.

    One that `opens_sealed` can send to a sealed address; earlier versions could not, and leave it at false.
    """

    name = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=20)
    seen_at = models.DateTimeField(db_default=Now())
    drained_at = models.DateTimeField(null=True)
    opens_sealed = models.BooleanField(db_default=False)

    def __str__(self) -> str:
        return self.name
