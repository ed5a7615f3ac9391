"""What people did by a button in a channel: written to the line of the ledger that says what the channel was told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from core import live
from core.events import bus
from oncall import events
from oncall.escalation import queries
from oncall.escalation.models import Escalation
from oncall.paging import queries as paging
from oncall.paging.models import Page

if TYPE_CHECKING:
    from core.accounts.models import User

LONGEST = 300


@transaction.atomic
def note_in_room(page: Page, did: str, *, by: User) -> None:
    """Note that somebody did something (`did`, as "Acknowledged") where a channel was told; nothing for other pages."""
    if page.destination is None or page.escalation_id is None:
        return
    said = f"{did} in {page.destination} by {by}"
    row = Page.objects.select_for_update().get(pk=page.pk)
    both = f"{row.answer}. {said}" if row.answer else said
    row.answer = both if len(both) <= LONGEST else said[:LONGEST]
    row.save(update_fields=["answer"])
    run = Escalation.objects.select_related("incident", "alert__incident").get(pk=page.escalation_id)
    incident = queries.incident_of(run)
    bus.emit(
        events.AnsweredInChannel(
            page.pk, by.pk, run.alert_id, incident.pk if incident else None, run.epoch, said
        ),
        actor=by,
    )
    live.changed(*paging.topics(page))
