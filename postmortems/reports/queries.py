from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Count, Prefetch, Q
from django.db.models.functions import Now
from django.shortcuts import get_object_or_404
from django.urls import reverse

from incidents.board.registry import Learning
from incidents.lifecycle.models import EntryKind, Incident
from incidents.lifecycle.registry import looked_at
from incidents.privacy.registry import Rows, events
from incidents.production import queries as production
from incidents.runbooks import queries as runbooks
from postmortems.action_items.models import ActionItem
from postmortems.reports import rules
from postmortems.reports.models import (
    WRITTEN,
    Factor,
    Postmortem,
    PostmortemQuerySet,
    PostmortemStatus,
    TimelineItem,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from core.accounts.models import User
    from incidents.privacy.registry import Sent

ACTIONS_CAP = 3
"""More action items than this are a pile-up that nobody finishes (R265): a warning, not a wall."""


def sections(postmortem: Postmortem) -> dict[rules.Section, str]:
    """The written sections by name."""
    return {section: getattr(postmortem, section.value) for section in rules.Section}


def listing(user: User) -> PostmortemQuerySet:
    """Postmortems a person may see, newest first, with how many actions are open and whether it is overdue."""
    return (
        Postmortem.objects.visible_to(user)
        .select_related("incident__severity", "author")
        .annotate(
            actions=Count("action_items", distinct=True),
            actions_open=Count(
                "action_items", filter=Q(action_items__status__in=["open", "in_progress"]), distinct=True
            ),
        )
        .order_by("-created_at", "-id")
    )


def overdue(user: User) -> PostmortemQuerySet:
    """Unpublished postmortems past their date."""
    return (
        Postmortem.objects.visible_to(user)
        .exclude(status=PostmortemStatus.PUBLISHED)
        .filter(due_at__lt=Now())
    )


def get(user: User, number: int, *, way: str = "") -> Postmortem:
    """The postmortem of incident `number` with all that its page shows; 404 where absent or not visible."""
    found = get_object_or_404(
        Postmortem.objects.visible_to(user)
        .select_related("incident__severity", "author", "published_by")
        .prefetch_related(
            "timeline",
            "factors",
            "incident__services",
            Prefetch("action_items", ActionItem.objects.select_related("owner").order_by("due_on", "id")),
        ),
        incident__number=number,
    )
    looked_at(user, found.incident, way=way)
    return found


def document(postmortem: Postmortem) -> rules.Document:
    """The postmortem as one value, as the exports show it."""
    incident = postmortem.incident
    return rules.Document(
        number=str(incident),
        title=incident.title,
        severity=str(incident.severity),
        status=postmortem.get_status_display(),
        started_at=incident.started_at or incident.declared_at,
        resolved_at=incident.resolved_at,
        sections=sections(postmortem),
        timeline=[rules.Line(item.at, item.text) for item in postmortem.timeline.all() if item.included],
        decisions=[
            rules.Line(item.at, item.text)
            for item in postmortem.timeline.all()
            if item.included and item.kind == EntryKind.DECISION
        ],
        changes=changes(postmortem),
        runbooks=[(str(row.runbook), row.wrong, row.right) for row in runbooks.reported(incident)],
        factors=[(factor.get_kind_display(), factor.text) for factor in postmortem.factors.all()],
        actions=[
            rules.Action(
                item.title,
                item.get_kind_display(),
                item.owner.name if item.owner else "nobody",
                item.due_on.isoformat() if item.due_on else "no date",
                item.get_status_display(),
            )
            for item in postmortem.action_items.all()
        ],
    )


def changes(postmortem: Postmortem) -> list[rules.Change]:
    """What responders changed in production, from the beginning on."""
    return [
        rules.Change(
            row.at,
            row.what,
            row.place,
            str(row.made_by),
            row.result,
            f"{row.undone_at:%H:%M}, {row.undone_by}" if row.undone_at else "",
        )
        for row in production.in_order(postmortem.incident_id)
    ]


@dataclass(frozen=True, slots=True)
class Readiness:
    """What publishing still lacks, and phrases worth another look."""

    lacking: list[str]
    hints: list[rules.Hint]

    @property
    def is_ready(self) -> bool:
        return not self.lacking


def readiness(postmortem: Postmortem) -> Readiness:
    """Say whether a postmortem can be published."""
    written = sections(postmortem)
    return Readiness(rules.lacking(written, factors=len(postmortem.factors.all())), rules.hints(written))


def incident(user: User, number: int) -> Incident:
    """The incident by its number; 404 where absent or not visible."""
    return get_object_or_404(Incident.objects.visible_to(user), number=number)


def published(ids: Collection[int]) -> set[int]:
    """Which of these postmortems are published or gone."""
    waiting = Postmortem.objects.exclude(status=PostmortemStatus.PUBLISHED).filter(pk__in=ids)
    return set(ids) - set(waiting.values_list("pk", flat=True))


def with_parts(user: User) -> PostmortemQuerySet:
    """Postmortems a person may see, with all that their document holds."""
    return (
        Postmortem.objects.visible_to(user)
        .select_related("incident__severity", "author")
        .prefetch_related("timeline", "factors", "action_items__owner")
        .order_by("-created_at", "-pk")
    )


def address(postmortem: Postmortem) -> str:
    """The postmortem's page for people."""
    return f"{settings.BASE_URL}/postmortems/{postmortem.incident}/"


def may_hear(user: User, pk: str) -> bool:
    """Say whether a person may hear of changes to a postmortem."""
    return pk.isdigit() and Postmortem.objects.visible_to(user).filter(pk=int(pk)).exists()


def learning(user: User, incident_ids: Sequence[int]) -> dict[int, Learning]:
    """What the board shows of the postmortems of these incidents."""
    rows = Postmortem.objects.visible_to(user).filter(incident__in=incident_ids).select_related("incident")
    return {
        row.incident_id: Learning(
            text="Published"
            if row.status == PostmortemStatus.PUBLISHED
            else f"{row.get_status_display()}, due {row.due_at:%d %b}"
            if row.due_at
            else row.get_status_display(),
            kind="good" if row.status == PostmortemStatus.PUBLISHED else "warn",
            url=reverse("postmortems:detail", args=[row.incident.number]),
        )
        for row in rows
    }


def texts(incident: Incident, text: str) -> Iterable[tuple[str, Rows | Sent]]:
    """Give where texts of an incident stand in its postmortem and its action items."""
    postmortems = Postmortem.objects.filter(incident=incident)
    items = ActionItem.objects.filter(Q(postmortem__in=postmortems) | Q(path__contains=f"/{incident}/"))
    yield "postmortem", Rows(postmortems, WRITTEN)
    yield "postmortem", Rows(TimelineItem.objects.filter(postmortem__in=postmortems), ("text",))
    yield "postmortem", Rows(Factor.objects.filter(postmortem__in=postmortems), ("text",))
    yield "action items", Rows(items, ("title", "about", "dropped_reason"))
    yield "audit log", events("postmortem", postmortems.values_list("pk", flat=True))
    yield "audit log", events("action_item", items.values_list("pk", flat=True))
