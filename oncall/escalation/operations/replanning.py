"""Somebody changed their quiet hours or their time zone: what waits for their end is planned anew."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q

from core.events import nudge
from core.steady import steadily
from oncall.escalation import queries
from oncall.escalation.models import Escalation, EscalationStatus
from oncall.escalation.operations.rows import locked, tell
from oncall.escalation.rules import plans, steps
from oncall.escalation.rules.steps import Position
from oncall.nights.rules import night_of
from oncall.paging import operations as paging
from oncall.paging import queries as people
from oncall.paging.rules import Over
from oncall.quiet import queries as quiet
from oncall.quiet.queries import zone_of
from oncall.quiet.rules import said, waits_until

if TYPE_CHECKING:
    from datetime import datetime

    from oncall.paging.models import Page, PageQuerySet
    from oncall.quiet.rules import Quiet


@steadily
def replan_held(user_id: int, *, changed: str = "quiet hours were") -> int:
    """Plan anew what waits for the end of a person's quiet hours or night; give how many pages that changed.

    What need not wait any more goes at once. The next level is moved as well, so that it keeps its time.
    """
    about = people.held_pages(user_id).values("escalation")
    runs = {
        run.pk: run
        for run in locked(Q(pk__in=about), (EscalationStatus.ESCALATING, EscalationStatus.EXHAUSTED))
    }
    at, theirs = queries.now(), quiet.of([user_id]).get(user_id)
    ends = [(page, _until(page, theirs, at)) for page in people.held_pages(user_id)]
    moved = [(page, until) for page, until in ends if page.held_until != until]
    for page, until in moved:
        before = _heard_at(page)
        paging.rehold(page, until, why=_why(page, until, theirs, changed), at=at)
        if until is None and not paging.send_held(page, queries.page_content(page)):
            continue
        _move(runs.get(page.escalation_id or 0), page, before, _heard_at(page) or at)
    tell(runs[pk] for pk in {page.escalation_id for page, _ in moved} if pk in runs)
    if moved:
        transaction.on_commit(nudge.drain, robust=True)
    return len(moved)


def _until(page: Page, theirs: Quiet | None, at: datetime) -> datetime | None:
    """Until when a page waits as things are now; None: no longer."""
    morning = _morning(page, at)
    until = waits_until(theirs, at=morning or at) if theirs else None
    return until or morning


def _morning(page: Page, at: datetime) -> datetime | None:
    """The end of the night for whose limit a page waits, None where it does not or that is over."""
    if page.over_limit != Over.WAITS or page.user is None:
        return None
    night = night_of(at, zone=page.user.time_zone)
    return night.end if night else None


def _why(page: Page, until: datetime | None, theirs: Quiet | None, changed: str) -> str:
    kept = page.why.split(" Waits until ", 1)[0]
    if until is None:
        return f"{kept} Their {changed} changed, so it waits no more."
    if theirs is None or page.over_limit:
        zone = zone_of(page.user) if page.user else ZoneInfo("UTC")
        return f"{kept} Waits until {said(until, zone=zone)}: over the limit of pages of a night."
    return f"{kept} {people.waiting_said(until, theirs)}"


def _heard_at(page: Page) -> datetime | None:
    """When the first of those hears of it who were asked together with this page; None where one has."""
    level = _level(page).values_list("held_until", flat=True)
    return steps.heard_at(list(level))


def _level(page: Page) -> PageQuerySet:
    assert page.escalation is not None  # noqa: S101 - a test page never waits
    return page.escalation.pages.open().filter(epoch=page.epoch, round=page.round, level=page.level)


def _move(run: Escalation | None, page: Page, before: datetime | None, after: datetime) -> None:
    """Move the next level as far as the level that waited was."""
    if run is None or run.next_at is None or before is None or run.epoch != page.epoch:
        return
    asked = steps.before(plans.from_json(run.plan), Position(run.round, run.level))
    if asked == Position(page.round, page.level):
        run.next_at += after - before
        Escalation.objects.filter(pk=run.pk).update(next_at=run.next_at)
