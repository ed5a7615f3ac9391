from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class Event(models.Model):
    """Something that happened, written in the transaction that made it happen: outbox, audit and fact at
    once.
    """

    name = models.CharField(max_length=80)
    subject_id = models.BigIntegerField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    address = models.GenericIPAddressField(null=True)
    payload = models.JSONField(default=dict)
    occurred_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["name", "subject_id"], name="event_subject"),
            models.Index(fields=["actor", "-id"], name="event_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.subject_id}"


class EventDelivery(models.Model):
    """One listener's copy of one event: handed over until it worked, with back-off, apart from all others."""

    event = models.ForeignKey(Event, models.CASCADE, related_name="deliveries")
    handler = models.CharField(max_length=120)
    due_at = models.DateTimeField(db_default=Now())
    attempts = models.PositiveIntegerField(default=0)
    done_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event", "handler"], name="event_delivery_once")]
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(done_at=None), name="event_delivery_due"),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} to {self.handler}"
