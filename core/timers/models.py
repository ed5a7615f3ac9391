from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class Timer(models.Model):
    """A durable deadline: at `due_at` the handler of `kind` runs once for this subject and occurrence."""

    kind = models.CharField(max_length=40)
    subject_id = models.BigIntegerField()
    occurrence = models.CharField(max_length=80)
    due_at = models.DateTimeField()
    payload = models.JSONField(default=dict)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)
    done_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "subject_id", "occurrence"], name="timer_once"),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(done_at=None, cancelled_at=None), name="timer_due"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_id} {self.occurrence}"
