"""Time passes for an escalation by moving its columns in the database."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import F

from core.outbox.models import Message
from oncall.escalation import operations
from oncall.escalation.models import Escalation
from oncall.paging.models import Page


def drain() -> int:
    """Advance until nothing is due."""
    total = 0
    while found := operations.advance_due():
        total += found
    return total


def pass_time(escalation: Escalation, *, minutes: float) -> None:
    """Let so many minutes pass for one escalation, its pages and what is planned to be sent for them."""
    back = timedelta(minutes=minutes)
    Escalation.objects.filter(pk=escalation.pk).update(next_at=F("next_at") - back)
    pages = Page.objects.filter(escalation=escalation)
    pages.update(planned_at=F("planned_at") - back)
    Message.objects.filter(client="oncall.page", subject_id__in=pages.values("pk")).update(
        due_at=F("due_at") - back
    )


def asked(escalation: Escalation) -> list[tuple[str, int, int, str]]:
    """Who was asked, at which pass and level, and what became of it."""
    rows = Page.objects.filter(escalation=escalation).order_by("id").select_related("user")
    return [
        (row.user.name.split()[0] if row.user else "nobody", row.round, row.level, row.status) for row in rows
    ]
