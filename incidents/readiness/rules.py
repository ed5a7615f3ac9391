"""Which items a service has to have, and what an answer means for one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

RUNBOOK_DAYS = 183
"""A runbook that was tested longer ago counts as not tested."""


class Item(StrEnum):
    """What is worked out from facts."""

    OWNER = "owner"
    POLICY = "policy"
    ON_CALL = "on-call"
    RUNBOOK = "runbook"
    ROUTE = "route"
    DASHBOARD = "dashboard"
    DEPENDENCIES = "dependencies"


WORDS = {
    Item.OWNER: "Its team has members",
    Item.POLICY: "An escalation policy pages for it",
    Item.ON_CALL: "Somebody is on call now and for the next 14 days",
    Item.RUNBOOK: "A runbook was tested in the last six months",
    Item.ROUTE: "Alerts find their way to it",
    Item.DASHBOARD: "There is a dashboard",
    Item.DEPENDENCIES: "Its dependencies are named",
}
SHORT = {
    Item.OWNER: "owner",
    Item.POLICY: "escalation policy",
    Item.ON_CALL: "on-call",
    Item.RUNBOOK: "tested runbook",
    Item.ROUTE: "alert route",
    Item.DASHBOARD: "dashboard",
    Item.DEPENDENCIES: "dependencies",
}
BUSINESS = (Item.OWNER, Item.DEPENDENCIES)


class Outcome(StrEnum):
    """What a person answered."""

    YES = "yes"
    NO = "no"
    NOT_NEEDED = "not_needed"


@dataclass(frozen=True, slots=True)
class Fact:
    """Whether something is there, and what."""

    is_there: bool
    said: str


def asked_of(*, is_business: bool, is_being_replaced: bool) -> tuple[Item, ...]:
    """Give the facts that count: of a business service two, of one that is being replaced its owner."""
    if is_being_replaced:
        return (Item.OWNER,)
    return BUSINESS if is_business else tuple(Item)


def is_met(fact: Fact | None, outcome: str | None) -> bool:
    """Say whether an item is in order: there, answered with yes, or not needed. A fact is not made by saying so."""
    if outcome == Outcome.NOT_NEEDED:
        return True
    return fact.is_there if fact is not None else outcome == Outcome.YES
