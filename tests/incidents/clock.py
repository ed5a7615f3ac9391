"""Let time pass: due times move into the past, because the database's clock decides and cannot be turned."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection

from core.timers import operations as timers
from core.timers.models import Timer
from incidents.models import Incident


def now() -> datetime:
    """The database's clock."""
    with connection.cursor() as cursor:
        cursor.execute("select clock_timestamp()")
        row = cursor.fetchone()
    assert row is not None
    found: datetime = row[0]
    return found


def pass_time(incident: Incident, seconds: float) -> None:
    """Move everything that waits for this incident into the past, promise and reminders alike, then run timers."""
    back = timedelta(seconds=seconds)
    incident.refresh_from_db()
    old = incident.next_update_due_at
    assert old is not None
    new = old - back
    Incident.objects.filter(pk=incident.pk).update(next_update_due_at=new)
    for timer in Timer.objects.filter(subject_id=incident.pk, done_at=None, cancelled_at=None):
        assert timer.payload["due_at"] == old.isoformat()
        timer.payload["due_at"] = new.isoformat()
        timer.due_at -= back
        timer.occurrence = timer.occurrence.replace(old.isoformat(), new.isoformat())
        timer.save()
    timers.run_due()
