"""What whoever has a page's address may do with it. Each is safe to press three times."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import Refused
from incidents.lifecycle import operations as lifecycle
from oncall.escalation import operations as escalation
from oncall.escalation import queries as escalations
from oncall.paging import queries as paging
from oncall.phone import queries, rules

if TYPE_CHECKING:
    from core.accounts.models import User
    from incidents.lifecycle.models import Incident
    from oncall.paging.models import Page


AT_ONCE = 100


class TooLate(Refused):
    def __init__(self) -> None:
        super().__init__("An acknowledgement can be taken back for a minute. Pass it on instead.")


class NothingToJoin(Refused):
    def __init__(self) -> None:
        super().__init__("There is no open incident to join.")


def acknowledge(page: Page, *, actor: User) -> escalation.Held:
    """Take what the page is about; whoever comes second is told who has it."""
    return escalation.acknowledge(actor=actor, page=page)


def acknowledge_digest(token: str, *, actor: User) -> int:
    """Take what waits in a digest, at most 100 at a time; give how many that were."""
    digest = paging.digest_by_token(token)
    pages = list(queries.waiting_in(digest)[:AT_ONCE]) if digest is not None else []
    return sum(escalation.acknowledge(actor=actor, page=page).first for page in pages)


def pass_on(page: Page, *, actor: User, epoch: int) -> bool:
    """Ask the next level now, if nothing has happened since the button was drawn (`epoch`)."""
    if page.escalation is None:
        return False
    return escalation.escalate_now(actor=actor, page=page, epoch=epoch)


def decline(page: Page, *, reason: str) -> bool:
    """Let the person of a page by hand say no, and why; whoever has the address speaks for them."""
    if page.user is None:
        return False
    return escalation.decline(page, actor=page.user, reason=reason)


def declare(page: Page, *, actor: User) -> Incident | None:
    """Take it and make it an incident that carries over what is known; the same page again gives the same one."""
    if page.escalation is None:
        return None
    return escalation.declare_page(page, actor=actor)


def undo(page: Page, *, actor: User) -> bool:
    """Take an acknowledgement back within a minute; False when there is none (any more)."""
    facts = queries.facts_of(page)
    if rules.state(facts) not in rules.HELD:
        return False
    if rules.undo_until(facts, now=escalations.now()) is None:
        raise TooLate
    return escalation.unacknowledge(actor=actor, page=page)


def join(page: Page, *, actor: User) -> Incident:
    """Take part in the incident that somebody else has."""
    incident = escalations.incident_of(page.escalation) if page.escalation else None
    if incident is None or not incident.is_active:
        raise NothingToJoin
    lifecycle.join(incident, user=actor)
    return incident
