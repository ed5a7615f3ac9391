"""Reactions to what others say. Each is safe to run twice."""

from __future__ import annotations

from core.events.bus import Meta, on
from incidents.events import EstimateChanged, Reopened, StatusChanged, UpdatePublished
from incidents.owed import operations as owed
from statuspage.events import NoticePublished, PublishingTried
from statuspage.notices import operations as notices
from statuspage.trial import operations as trial


@on(UpdatePublished)
def show_update(fact: UpdatePublished, meta: Meta) -> None:
    """Show a public update to customers; an internal one never leaves the incident."""
    if fact.audience == "public":
        notices.publish_update(fact.update_id)


@on(EstimateChanged)
def show_estimate(fact: EstimateChanged, meta: Meta) -> None:
    """Customers read by when it may work again, where somebody lets them."""
    notices.show_estimate(fact.incident_id)


@on(StatusChanged)
def look_at_estimate(fact: StatusChanged, meta: Meta) -> None:
    """Once nobody is affected any more there is nothing to wait for."""
    notices.show_estimate(fact.incident_id)


@on(Reopened)
def take_back(fact: Reopened, meta: Meta) -> None:
    """It is not over after all: customers are not shown that it is."""
    notices.take_back(fact.incident_id)


@on(PublishingTried)
def show_trial(fact: PublishingTried, meta: Meta) -> None:
    """Show the product's own test notice."""
    trial.show(fact.slot)


@on(NoticePublished)
def settle_owed(fact: NoticePublished, meta: Meta) -> None:
    """Customers read of an incident: its room need not ask for that any more."""
    if fact.incident_id is not None:
        owed.look(fact.incident_id)
