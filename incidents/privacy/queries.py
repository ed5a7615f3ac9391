from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from django.db.models import Count, Max, Q
from django.db.models.functions import Now
from django.http import Http404

from core.accounts.policy import Verb, can
from core.api.models import Answer
from core.outbox import history
from core.people.erasure.registry import Own
from incidents.approvals import operations as approvals
from incidents.attachments import queries as attachments
from incidents.audiences.models import AudienceMember
from incidents.command import operations as command
from incidents.command.models import TrainedCommander
from incidents.lifecycle import operations as lifecycle
from incidents.lifecycle.models import FACTS, AcceptedRisk, EmergencyAccess, Incident, TimelineEntry
from incidents.nudges import operations as nudges
from incidents.owed import operations as owed
from incidents.privacy import registry
from incidents.privacy.models import PrivateRead, Redaction
from incidents.privacy.registry import Rows, Sent
from incidents.privacy.rules import holds, spellings, without_inside
from incidents.production.models import ProductionChange
from incidents.regulators import operations as regulators
from incidents.regulators.models import DataBreach
from incidents.runbooks import queries as runbooks
from incidents.security.models import SecurityTrack
from incidents.subscriptions.models import Subscription
from incidents.tasks import operations as tasks
from incidents.ties import queries as tie_queries
from incidents.ties.models import Tie
from incidents.updates.models import Told
from incidents.updates.operations import telling

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from core.accounts.models import User
    from incidents.privacy.models import PrivateReadQuerySet, RedactionQuerySet

MOST = 200


def access(user: User, incident: Incident) -> EmergencyAccess | None:
    """Give the emergency access by which somebody reads a private incident; None for its members."""
    if not incident.private or not can(user, Verb.ADMIN):
        return None
    if incident.participants.filter(user=user).exists():
        return None
    return lasting(user).filter(incident=incident).first()


def lasting(user: User) -> QuerySet[EmergencyAccess]:
    """Give what somebody may read now in an emergency."""
    found = EmergencyAccess.objects.filter(user=user, ended_at=None, ends_at__gt=Now())
    return found.select_related("incident__severity", "user")


def accesses(user: User) -> QuerySet[EmergencyAccess]:
    """Give one's own emergency accesses, over ones included, and those to incidents that one may see."""
    seen = Incident.objects.visible_to(user)
    found = EmergencyAccess.objects.filter(Q(user=user) | Q(incident__in=seen))
    return found.select_related("incident", "user").order_by("-opened_at", "-pk")


def own_access(user: User, pk: int) -> EmergencyAccess:
    """Give one's own emergency access, or 404."""
    found = EmergencyAccess.objects.filter(user=user, pk=pk).select_related("incident", "user").first()
    if found is None:
        raise Http404("There is no such access.")
    return found


@dataclass(frozen=True, slots=True)
class Reader:
    """A person who looked: how often, when last, and whether in an emergency."""

    name: str
    times: int
    last_at: datetime
    is_member: bool
    in_emergency: bool


def readers(incident: Incident) -> list[Reader]:
    """Give who has read a private incident, the latest first."""
    members = set(incident.participants.values_list("user_id", flat=True))
    rows = (
        PrivateRead.objects.filter(incident=incident)
        .order_by()
        .values("user_id", "user__name", "user__email")
        .annotate(times=Count("pk"), last_at=Max("at"), emergencies=Count("pk", filter=Q(by_emergency=True)))
        .order_by("-last_at", "user_id")
    )
    return [
        Reader(
            row["user__name"] or row["user__email"],
            row["times"],
            row["last_at"],
            row["user_id"] in members,
            bool(row["emergencies"]),
        )
        for row in rows
    ]


def reads(user: User, incident: Incident) -> PrivateReadQuerySet:
    """Give each look at a private incident, the latest first."""
    found = PrivateRead.objects.visible_to(user).filter(incident=incident)
    return found.select_related("user").order_by("-at", "-pk")


def redactions(user: User, incident: Incident) -> RedactionQuerySet:
    """Give what was redacted in an incident, the latest first."""
    found = Redaction.objects.visible_to(user).filter(incident=incident)
    return found.select_related("by", "incident").order_by("-at", "-pk")


def may_redact(user: User, incident: Incident) -> bool:
    """Say whether a person may take texts out: whoever commands, a manager, an admin."""
    if can(user, Verb.CONFIGURE):
        return True
    return incident.roles.filter(user=user, ended_at=None, role__is_commander=True).exists()


def entry(user: User, incident: Incident, mark: str) -> TimelineEntry | None:
    """Give the entry of the timeline that an address names."""
    if not (mark.isascii() and mark.isdigit() and len(mark) < 18):
        return None
    return TimelineEntry.objects.visible_to(user).filter(incident=incident, pk=int(mark)).first()


def standing(incident: Incident, text: str) -> Counter[str]:
    """Count the rows of each kind in which a text stands, of those that are this incident's own."""
    places: Counter[str] = Counter()
    for name, held in registry.holders(incident, text):
        if not held.is_own:
            continue
        if isinstance(held, Sent):
            found = history.messages(held.client, held.subject_ids)
            places[name] += sum(holds(row.content, text) for row in found)
        else:
            places[name] += sum(
                any(holds(getattr(row, column), text) for column in held.columns) for row in held.rows
            )
    return +places


def own_texts(incident: Incident, text: str) -> Iterable[tuple[str, Rows | Sent]]:
    """Give where the incident hub itself keeps what was written about an incident."""
    one = Incident.objects.filter(pk=incident.pk)
    yield "facts", Rows(one, FACTS)
    yield "facts", Rows(AcceptedRisk.objects.filter(incident=incident), ("risk", "monitoring"))
    yield "timeline", Rows(incident.timeline.all(), ("text", "data"))
    yield "updates", Rows(incident.updates.all(), ("text", "public_title", "fields"))
    yield "updates", Rows(incident.approvals.all(), ("content", "why"))
    yield (
        "changes in production",
        Rows(ProductionChange.objects.filter(incident=incident), ("what", "place", "result")),
    )
    yield from chain(_told_outside(incident), _details(incident), _files(incident, text), _tied(incident))
    yield "tasks", Rows(incident.tasks.all(), ("title", "hint", "list_name", "result"))
    yield "resolutions", Rows(incident.resolutions.all(), ("despite", "lacking", "confirmed"))
    yield "mitigations", Rows(incident.mitigations.all(), ("name", "note", "kept_because"))
    yield from (("runbooks", Rows(rows, columns)) for rows, columns in runbooks.texts(incident))
    yield "hand-overs", Rows(incident.hand_overs.all(), ("briefing", "why"))
    yield "nudges", Rows(incident.nudges.all(), ("answer",))
    yield "observations", Rows(incident.observations.all(), ("text", "why"))
    yield "emergency access", Rows(incident.emergencies.all(), ("reason",))
    yield "earlier redactions", Rows(incident.redactions.all(), ("reason",))
    yield "audit log", registry.events("incident", [incident.pk])
    yield "kept answers of the API", Rows(_answers(text), ("body",), is_own=False, without=without_inside)
    yield from (("messages", sent) for sent in _messages(incident))


def _told_outside(incident: Incident) -> Iterable[tuple[str, Rows]]:
    yield "who was told", Rows(Told.objects.filter(update__incident=incident), ("name", "detail"))
    over = incident.subscriptions.filter(ended_at__isnull=False)
    yield "who was told", Rows(over, ("email",))
    yield "estimates", Rows(incident.estimates.all(), ("why",))
    yield "customer reports", Rows(incident.customer_reports.all(), ("text",))
    yield "data breach", Rows(DataBreach.objects.filter(incident=incident), ("what", "ended_because"))
    yield "still to tell", Rows(incident.owed_words.all(), ("why",))
    yield "data breach", Rows(incident.report_duties.all(), ("reference", "why"))
    yield "security", Rows(SecurityTrack.objects.filter(incident=incident), ("ended_because",))
    yield "security", Rows(incident.security_items.all(), ("words",))


def _tied(incident: Incident) -> Iterable[tuple[str, Rows]]:
    """Give why it is tied to others, what a split copied from here or to here, and entries on alerts that went over."""
    ties = Tie.objects.between(incident)
    shown = Q(incident=incident, other__private=False) | Q(other=incident, incident__private=False)
    yield "ties", Rows(ties.filter(shown), ("reason",))
    yield "ties", Rows(ties.exclude(shown), ("reason",), is_own=False)
    for rows in (tie_queries.copied(incident), tie_queries.of_moved_alerts(incident)):
        yield "copies", Rows(rows, ("text", "data"), is_own=False)


def _files(incident: Incident, text: str) -> Iterable[tuple[str, Rows]]:
    for rows, columns in attachments.texts(incident, spellings(text)):
        yield "attachments", Rows(rows, columns)


def _details(incident: Incident) -> Iterable[tuple[str, Rows]]:
    yield "tags and fields", Rows(incident.tags.all(), ("name",))
    yield "tags and fields", Rows(incident.field_values.all(), ("value",))


def _answers(text: str) -> QuerySet[Answer]:
    among = Q()
    for one in spellings(text):
        among |= Q(body__contains=one)
    return Answer.objects.filter(among)


def _messages(incident: Incident) -> Sequence[Sent]:
    told = list(Told.objects.filter(update__incident=incident).values_list("pk", flat=True))
    of_tasks = list(incident.tasks.values_list("pk", flat=True))
    return (
        Sent(telling.TOLD, told),
        Sent(lifecycle.REMINDER, [incident.pk]),
        Sent(tasks.ASKED, of_tasks),
        Sent(tasks.OVERDUE, of_tasks),
        Sent(nudges.CLIENT, list(incident.nudges.values_list("pk", flat=True))),
        Sent(command.OFFERED, list(incident.hand_overs.values_list("pk", flat=True))),
        Sent(command.CHANGED, [incident.pk]),
        Sent(regulators.CLIENT, list(incident.report_duties.values_list("pk", flat=True))),
        Sent(owed.CLIENT, list(incident.owed_words.values_list("pk", flat=True))),
        Sent(approvals.CLIENT, list(incident.approvals.values_list("pk", flat=True))),
    )


def owned(user: User) -> Iterable[Own]:
    """Give what incidents keep of one person alone."""
    yield Own("Lists of who is told", AudienceMember.objects.filter(user=user))
    yield Own("Updates by mail", Subscription.objects.filter(user=user), is_counted=False)
    yield Own("Being offered as a commander", TrainedCommander.objects.filter(user=user))


def addressed(email: str) -> Iterable[Own]:
    """Give what incidents keep for an address outside."""
    yield Own("Lists of who is told", AudienceMember.objects.filter(email__iexact=email))
    yield Own("Updates by mail", Subscription.objects.filter(email__iexact=email))
