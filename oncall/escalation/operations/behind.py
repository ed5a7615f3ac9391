"""Those behind a trainee in front whose page was taken back unsent: asked once the trainee has it no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oncall.escalation import queries
from oncall.escalation.rules import plans, steps
from oncall.escalation.rules.steps import Position
from oncall.paging import operations as paging
from oncall.paging.models import Page, PageStatus
from oncall.paging.operations import Ask, Asked

if TYPE_CHECKING:
    from oncall.escalation.models import Escalation


def ask_behind(row: Escalation, place: Position, *, why: str) -> None:
    """Page them now, of the levels before a place; `row` is as it was before it went on.

    They are on call: that a trainee took it and gave it back, or passed it on, leaves nobody out. From the place on the
    levels ask by themselves.
    """
    found = row.pages.filter(
        in_front__isnull=False, user__is_active=True, sent_at=None, status=PageStatus.SUPPRESSED
    ).exclude(user__in=row.acked_by)
    waited = [page for page in found.order_by("pk") if Position(page.round, page.level) < place]
    if not waited:
        return
    later = Page.objects.filter(escalation=row, pk__gt=waited[-1].pk).values_list("user", flat=True)
    asked = set(later)
    waited = [page for page in waited if page.user_id not in asked]
    at = queries.now()
    plan = plans.from_json(row.plan)
    incident = queries.incident_of(row)
    paging.page_level(
        [
            Ask(
                escalation_id=row.pk,
                epoch=row.epoch + 1,
                round=page.round,
                level=page.level,
                urgency=row.urgency,
                due=at,
                people=(
                    Asked(page.user_id or 0, f"{steps.why(plan, Position(page.round, page.level))}. {why}"),
                ),
                alert_id=row.alert_id,
                incident_id=incident.pk if incident else None,
                by_hand=row.by_hand,
                thread=f"alert-{row.alert_id}" if row.alert_id else f"escalation-{row.pk}",
                notice=queries.notice(row, at=at),
            )
            for page in waited
        ]
    )
