"""Hand-offs of schedules: their notes, what was open when others took over, and the tasks that are handed on.

Which alerts and incidents were open is kept as ids and read anew by whoever looks: of a private incident nobody hears
but its members.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Q
from django.shortcuts import get_object_or_404
from django.urls import reverse

from core.accounts.models import User
from incidents.lifecycle.models import Incident
from oncall.alerts.models import Alert
from oncall.escalation.models import Escalation, Target
from oncall.handoffs import rules
from oncall.handoffs.models import Handoff, HandoffTask
from oncall.routing.models import ServicePolicy

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet

    from oncall.schedules.models import Schedule

MOST = 50
"""So many alerts and incidents are kept and shown at most."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What was open, as far as somebody may know of it."""

    alerts: Sequence[Alert]
    incidents: Sequence[Incident]

    def __str__(self) -> str:
        """Say how many there are."""
        counts = ((len(self.alerts), "alert"), (len(self.incidents), "incident"))
        said = [f"{count} open {word}{'s' if count > 1 else ''}" for count, word in counts if count]
        return " and ".join(said) or "No open alert or incident"


@dataclass(frozen=True, slots=True)
class Taken:
    """A hand-off with who went and who came."""

    handoff: Handoff
    outgoing: str
    incoming: str


def mentioned(schedule: Schedule) -> tuple[list[int], list[int]]:
    """Give the ids of the alerts and incidents that are open now and ask this schedule, or are of services that do."""
    policies = list(Target.objects.filter(schedule=schedule).values_list("level__policy", flat=True))
    services = list(ServicePolicy.objects.filter(policy__in=policies).values_list("service", flat=True))
    asked = Escalation.objects.filter(policy__in=policies)
    alerts = Alert.objects.open().filter(
        Q(service__in=services) | Q(pk__in=asked.filter(alert__isnull=False).values("alert"))
    )
    incidents = Incident.objects.active().filter(
        Q(pk__in=Incident.objects.filter(services__in=services).values("pk"))
        | Q(pk__in=asked.filter(incident__isnull=False).values("incident"))
    )
    return (
        sorted(alerts.order_by("-last_at", "-pk").values_list("pk", flat=True)[:MOST]),
        sorted(incidents.filter(drill=False).order_by("-pk").values_list("pk", flat=True)[:MOST]),
    )


def standing(viewer: User | AnonymousUser, alerts: Iterable[int], incidents: Iterable[int]) -> Standing:
    """Read what of this somebody may know of, as it is now."""
    return Standing(
        list(
            Alert.objects.visible_to(viewer)
            .filter(pk__in=alerts)
            .select_related("service")
            .order_by("-last_at", "-pk")
        ),
        list(
            Incident.objects.visible_to(viewer)
            .filter(pk__in=incidents)
            .select_related("severity")
            .order_by("-number")
        ),
    )


def state_of(viewer: User | AnonymousUser, found: Handoff) -> Standing:
    """Give what was open at a hand-off; of one that is still to come what is open now."""
    if found.at is None:
        return standing(viewer, *mentioned(found.schedule))
    return standing(viewer, found.alerts, found.incidents)


def handoffs() -> QuerySet[Handoff]:
    """Every hand-off that has been, the newest first."""
    return (
        Handoff.objects.filter(at__isnull=False)
        .select_related("schedule", "schedule__team", "written_by", "acknowledged_by")
        .order_by("-at", "-pk")
    )


def handoff(schedule: Schedule, pk: int) -> Handoff:
    """One of a schedule; 404 where absent."""
    return get_object_or_404(handoffs().filter(schedule=schedule), pk=pk)


def latest(schedule: Schedule) -> Handoff | None:
    """The last one of a schedule."""
    return handoffs().filter(schedule=schedule).first()


def to_come(schedule: Schedule) -> Handoff:
    """The next one, with what is written for it so far; it is not stored before somebody writes."""
    found = Handoff.objects.filter(schedule=schedule, at=None).select_related("written_by").first()
    return found or Handoff(schedule=schedule)


def with_people(found: Sequence[Handoff]) -> list[Taken]:
    """Give these with who went and who came."""
    known = User.objects.in_bulk({pk for each in found for pk in (*each.outgoing, *each.incoming)})
    return [
        Taken(
            each,
            rules.named(known[pk] for pk in each.outgoing if pk in known),
            rules.named(known[pk] for pk in each.incoming if pk in known),
        )
        for each in found
    ]


def open_tasks(schedule: Schedule) -> QuerySet[HandoffTask]:
    """What is handed on from shift to shift until it is done, the oldest first."""
    rows = tasks().filter(schedule=schedule, done_at=None)
    return rows.select_related("created_by").order_by("created_at", "pk")


def tasks() -> QuerySet[HandoffTask]:
    """Every task that was handed on."""
    return HandoffTask.objects.select_related("schedule")


def task(schedule: Schedule, pk: int) -> HandoffTask:
    """One of a schedule; 404 where absent."""
    return get_object_or_404(tasks().filter(schedule=schedule), pk=pk)


def address(found: Handoff) -> str:
    """Where a hand-off is read and acknowledged."""
    return settings.BASE_URL + reverse("oncall:handoff", args=[found.schedule.slug, found.pk])
