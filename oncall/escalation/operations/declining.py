"""A person who was paged by hand says no: nobody waits for them, and whoever paged them learns why."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse

from core.accounts.models import User
from core.errors import Refused
from core.events import bus, nudge
from core.outbox import operations as outbox
from core.outbox.models import Lane
from core.steady import steadily
from oncall import events
from oncall.escalation import queries
from oncall.escalation.models import Escalation, EscalationStatus
from oncall.escalation.operations.rows import WAITING, halt, tell
from oncall.escalation.rules import plans, steps
from oncall.escalation.rules.steps import Position
from oncall.paging import operations as paging
from oncall.paging import queries as people
from oncall.paging import rules as words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.outbox.registry import Outcome
    from oncall.paging.models import Page

log = logging.getLogger(__name__)

ANSWER = "oncall.answer"


class CannotDecline(Refused):
    """Only a page by hand asks for a person and for nobody else; only that person can answer it."""


@steadily
def decline(page: Page, *, actor: User, reason: str) -> bool:
    """Say that the person of a page by hand does not come, and why; False when the page waits no more.

    Who is next is asked at once, as soon as nobody else of the level can still come. Who said no is not asked
    again; with nobody left it is over. Whoever paged is told.
    """
    if page.escalation is None or not page.escalation.by_hand:
        raise CannotDecline("Only a page by hand can be declined. Pass this one on instead.")
    if not reason.strip():
        raise CannotDecline("Say why, so that they can find somebody else.")
    outbox.suppress(people.CLIENT, [page.pk], reason=f"declined by {actor}")
    row = Escalation.objects.select_for_update(of=("self",)).get(pk=page.escalation.pk)
    if row.status not in WAITING or not paging.decline(page, reason=reason.strip()):
        return False
    paging.send_behind([page], why="{name} does not come.")
    Escalation.objects.filter(pk=row.pk).update(edits_due=True)
    asked = _move_on(row, page, actor)
    bus.emit(
        events.PageDeclined(page.pk, actor.pk, row.alert_id, row.incident_id, reason.strip()[:300]),
        actor=actor,
    )
    _answer(row, page, actor, reason.strip(), asked)
    tell([row])
    return True


def _move_on(row: Escalation, page: Page, actor: User) -> tuple[int, ...] | None:
    """Ask who is next, or stop; give who that is, None while others of the level can still come."""
    plan, here = plans.from_json(row.plan), Position(row.round, row.level)
    is_last_asked = row.epoch == page.epoch and steps.before(plan, here) == Position(page.round, page.level)
    others = row.pages.open().filter(destination=None, epoch=page.epoch, round=page.round, level=page.level)
    if row.status != EscalationStatus.ESCALATING or not is_last_asked or others.exists():
        return None
    no = people.decliners([row.pk])[row.pk]
    found = queries.following(plan, here, at=queries.now(), facts=queries.facts_of(row), without=no)
    if found is None:
        halt(Q(pk=row.pk), EscalationStatus.CLOSED, by=actor, among=WAITING)
        return ()
    Escalation.objects.filter(pk=row.pk, next_at__gt=Now()).update(next_at=Now())
    transaction.on_commit(nudge.drain, robust=True)
    return found[1]


def _answer(row: Escalation, page: Page, actor: User, reason: str, asked: tuple[int, ...] | None) -> None:
    if row.started_by_id is None or row.started_by_id == actor.pk:
        return
    person = people.reachable([row.started_by_id])[row.started_by_id]
    sends, _ = words.sends(person.methods, person.own_rules, urgency="high", sign_in=person.email)
    first = [send for send in sends if send.delay_seconds == 0] or sends[:1]
    url = settings.BASE_URL + reverse("oncall:by-hand", args=[row.pk])
    title = words.shortened(f"{actor} declined: {reason}")
    text = f"{actor} declined your page: {reason}\n\n{_what_now(asked)}\n\n{url}"
    outbox.put(
        [
            outbox.NewMessage(
                key=f"answer-{page.pk}-{n}",
                client=ANSWER,
                subject_id=page.pk,
                lane=Lane.PAGES,
                channel=send.method.channel,
                address=send.method.address,
                secret=send.method.secret,
                user_id=person.id,
                content={"subject": title, "text": text, "url": url},
            )
            for n, send in enumerate(first)
        ]
    )


def _what_now(asked: tuple[int, ...] | None) -> str:
    if asked is None:
        return "The others who were asked have not answered yet."
    names = [str(user) for user in User.objects.filter(pk__in=asked).order_by("name", "id")]
    if not names:
        return "Nobody else is asked. Page somebody else."
    return f"{words.listed(names)} {'is' if len(names) == 1 else 'are'} asked now."


def hear_answer(outcomes: Sequence[Outcome]) -> None:
    """Say in the log when whoever paged could not be told that somebody declined."""
    for outcome in outcomes:
        if paging.is_failure(outcome) and outcome.state != "retrying":
            log.error("that page %s was declined did not reach user %s", outcome.subject_id, outcome.user_id)
