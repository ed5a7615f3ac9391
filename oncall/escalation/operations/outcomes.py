"""What the outbox tells of pages: a level of which nobody can be reached is not waited for."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from core.events import nudge
from oncall.escalation import queries
from oncall.escalation.models import Escalation, EscalationStatus
from oncall.escalation.rules import plans, steps
from oncall.escalation.rules.steps import Position
from oncall.paging import operations as paging
from oncall.paging.models import Page, PageStatus

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from core.outbox.registry import Outcome

log = logging.getLogger(__name__)


def hear(outcomes: Sequence[Outcome]) -> None:
    """Write what became of pages, and ask the next level at once where a level has nobody left to wait for."""
    failed = {outcome.subject_id for outcome in outcomes if paging.is_failure(outcome)}
    locked = _locked(failed) if failed else {}
    settled = paging.record(outcomes)
    for page in settled.lost:
        if page.escalation_id in locked:
            _hurry(locked[page.escalation_id], page)
    _look_again(settled)


def _locked(pages: Collection[int]) -> dict[int, Escalation]:
    """Give the escalations of pages by their ids, held."""
    wanted = Page.objects.filter(pk__in=pages).values("escalation")
    found = Escalation.objects.select_for_update(of=("self",)).filter(pk__in=wanted).order_by("pk")
    return {escalation.pk: escalation for escalation in found}


def _look_again(settled: paging.Settled) -> None:
    """Let messages be changed that say what was over when they arrived, or what a later one says again."""
    again = [page for page, _ in settled.sent if page.round or page.epoch > 1]
    changed = {page.escalation_id for page in (*again, *settled.late) if page.escalation_id}
    if changed:
        Escalation.objects.filter(pk__in=changed).update(edits_due=True)


def _hurry(escalation: Escalation, page: Page) -> None:
    asked = Position(page.round, page.level)
    here = Position(escalation.round, escalation.level)
    is_current = escalation.status == EscalationStatus.ESCALATING and escalation.epoch == page.epoch
    if not is_current or steps.after(plans.from_json(escalation.plan), asked) != here or _has_hope(page):
        return
    Escalation.objects.filter(pk=escalation.pk, next_at__gt=Now()).update(next_at=Now())
    transaction.on_commit(nudge.drain, robust=True)


def _has_hope(page: Page) -> bool:
    """Whether anybody asked together with this page was reached and may answer, or may still be."""
    level = Page.objects.filter(
        escalation=page.escalation_id, epoch=page.epoch, round=page.round, level=page.level
    )
    if page.user_id is not None:  # a channel that was told does not stand for a person
        level = level.filter(user__isnull=False)
    reached = Q(status__in=(PageStatus.SENT, PageStatus.DELIVERED))
    return level.filter(reached | Q(status=PageStatus.PENDING, troubled_at=None)).exists()


def hear_held(outcomes: Sequence[Outcome]) -> None:
    """Write what became of pages that waited for the end of quiet hours; send them singly where that failed."""
    for page in paging.record_held(outcomes):
        if page.escalation is not None and not paging.send_held(page, queries.page_content(page)):
            log.error("page %s waited for the end of quiet hours and has no way to its person", page.pk)


def hear_alarm(outcomes: Sequence[Outcome]) -> None:
    """Say in the log when somebody could not even be told that nobody answered."""
    for outcome in outcomes:
        if paging.is_failure(outcome) and outcome.state != "retrying":
            log.critical(
                "the alarm about escalation %s did not reach user %s", outcome.subject_id, outcome.user_id
            )
