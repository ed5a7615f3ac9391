from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class Canary(models.Model):
    """One test page through the whole product. `slot` is its minute, so that one process alone sends it."""

    slot = models.BigIntegerField(unique=True)
    started_at = models.DateTimeField(db_default=Now())
    arrived_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "canaries"

    def __str__(self) -> str:
        return f"canary {self.slot}"


class Trial(models.Model):
    """One of the slower canaries of a kind: `slot` is its quarter of an hour, so that one process alone sends it."""

    kind = models.CharField(max_length=20)
    slot = models.BigIntegerField()
    started_at = models.DateTimeField(db_default=Now())
    taken_at = models.DateTimeField(null=True)
    arrived_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "slot"], name="trial_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.slot}"


class Heartbeat(models.Model):
    """The sign of life to one address outside: when it last got through, and what was wrong if it did not."""

    place = models.CharField(max_length=64, unique=True)
    host = models.CharField(max_length=260)
    tried_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return self.host


class Alarm(models.Model):
    """Admins were told that something is wrong with paging; open until it was well for a while.

    `sent_directly_at` is when its mails went out past the outbox, because nobody took them from there.
    """

    check_name = models.CharField(max_length=60)
    title = models.CharField(max_length=120)
    text = models.TextField()
    raised_at = models.DateTimeField(db_default=Now())
    seen_at = models.DateTimeField(db_default=Now())
    cleared_at = models.DateTimeField(null=True)
    sent_directly_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["check_name"], condition=Q(cleared_at=None), name="alarm_open_once"
            ),
        ]

    def __str__(self) -> str:
        return self.title
