"""What the sample company would try first when a service is in trouble, and what it is trying now."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pgtrigger
from django.db.models import F
from django.utils import timezone

from incidents.mitigations import operations
from incidents.mitigations.models import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.accounts.models import User
    from incidents.catalog.models import Service
    from incidents.lifecycle.models import Incident

THOUGHT_OUT = (
    ("payments-api", Kind.ROLLBACK, "Roll back to the last version", "deploy payments-api --previous\nWatch the error rate for 5 min", False),
    ("payments-api", Kind.FLAG, "Switch the new checkout off", "Flags, checkout-v2, off for everybody", True),
    ("payments-api", Kind.TRAFFIC, "Send a tenth of the traffic to the second region", "Edge, weights, eu-2 to 10", True),
    ("search", Kind.ROLLBACK, "Roll back to the last version", "deploy search --previous", False),
    ("search", Kind.AUTOMATION, "Stop the nightly indexer", "Schedules, indexer, pause", True),
    ("search", Kind.FLAG, "Show results without filters", "Flags, search-filters, off", True),
    ("billing-worker", Kind.TRAFFIC, "Halve the workers, so that the mail provider keeps up", "scale billing-worker 4", True),
)  # fmt: skip


def think(services: Mapping[str, Service]) -> None:
    """Let each service offer what its team has thought out."""
    for slug, kind, name, steps, temporary in THOUGHT_OUT:
        operations.add(services[slug], kind=kind, name=name, steps=steps, is_temporary=temporary)


def stop_indexer(incident: Incident, *, actor: User) -> None:
    """Somebody has stopped the indexer, which is still to be undone."""
    now = timezone.now()
    row = operations.begin(
        incident,
        mitigation=incident.services.get().mitigations.get(kind=Kind.AUTOMATION),
        at=now - timedelta(minutes=78),
        actor=actor,
    )
    operations.end(
        row,
        result="partly",
        note="The lag stopped growing.",
        at=now - timedelta(minutes=66),
        actor=actor,
    )
    with pgtrigger.ignore():
        incident.timeline.filter(data__mitigation=row.pk).update(recorded_at=F("at"))
