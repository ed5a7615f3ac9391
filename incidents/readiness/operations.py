from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from core import live
from core.accounts.policy import Verb, require
from core.errors import Refused
from core.events import bus
from incidents.catalog.models import Service
from incidents.events import ServiceReviewed
from incidents.readiness import queries
from incidents.readiness.models import ReadinessAnswer, ReadinessQuestion
from incidents.readiness.rules import Outcome

if TYPE_CHECKING:
    from core.accounts.models import User


DEFAULTS = (
    ("tier", "Its tier is agreed with those who rely on it"),
    ("rollback", "Taking a change back was tried"),
    ("load", "It is known how much it bears"),
)


def install_defaults() -> None:
    """Give a new install its questions; one that has some keeps them."""
    if not ReadinessQuestion.objects.exists():
        ReadinessQuestion.objects.bulk_create(
            ReadinessQuestion(slug=slug, text=text, position=place)
            for place, (slug, text) in enumerate(DEFAULTS, start=1)
        )


class NotAnItem(Refused):
    """A service is asked about something else."""


class NotAnAnswer(Refused):
    """It cannot be answered like this."""


@transaction.atomic
def answer(service: Service, *, item: str, outcome: str, note: str = "", actor: User) -> ReadinessAnswer:
    """Answer an item of a service. A fact cannot be made true by saying so: it is there, or not needed with a reason.

    The same answer again is the one that is there.
    """
    require(actor, Verb.RESPOND)
    Service.objects.select_for_update().get(pk=service.pk)
    line = next((line for line in queries.review(actor, service).lines if line.item == item), None)
    if line is None:
        raise NotAnItem("This service is not asked about that.")
    if line.is_fact and outcome == Outcome.YES:
        raise NotAnAnswer("This is worked out from what is there. Say that it is not needed, or mend it.")
    words = note.strip()
    if outcome == Outcome.NOT_NEEDED and not words:
        raise NotAnAnswer("Say why it is not needed.")
    was = line.answer
    if was is not None and (was.outcome, was.note) == (outcome, words):
        return was
    made = ReadinessAnswer.objects.create(service=service, item=item, outcome=outcome, note=words, by=actor)
    bus.emit(ServiceReviewed(service_id=service.pk, item=item, outcome=outcome), actor=actor)
    live.changed("services")
    return made
