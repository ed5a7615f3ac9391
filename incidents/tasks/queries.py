from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count as Number
from django.db.models import Q

from core.accounts import queries as people
from core.accounts.models import User
from core.accounts.policy import Verb, can
from incidents.lifecycle.models import EntryKind, Incident, Participant, RoleAssignment, TimelineEntry
from incidents.lifecycle.rules import ACTIVE, Status, missing_roles
from incidents.tasks import rules
from incidents.tasks.models import Checklist, State, Task

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.db.models import QuerySet

    from incidents.tasks.models import TaskQuerySet

TOLD = (EntryKind.UPDATE, EntryKind.PUBLIC_UPDATE)


def seen(user: User) -> TaskQuerySet:
    """Give the tasks of the incidents a person may know of."""
    return Task.objects.visible_to(user).select_related("assignee", "ended_by", "incident")


def of(user: User, incident: Incident) -> QuerySet[Task]:
    """Give the tasks of an incident in their order."""
    return seen(user).filter(incident=incident).order_by("position", "pk")


def checklists(user: User) -> QuerySet[Checklist]:
    """Give the configured checklists with their steps."""
    return Checklist.objects.visible_to(user).active().prefetch_related("steps", "severities")


def addable(user: User, incident: Incident) -> list[Checklist]:
    """Give the checklists that are not in the room yet."""
    there = Task.objects.filter(incident=incident, round=incident.reopened).values("step__checklist")
    return list(checklists(user).exclude(pk__in=there.exclude(step=None)))


@dataclass(frozen=True, slots=True)
class Group:
    """The tasks of one checklist, or those that people asked for."""

    name: str
    tasks: Sequence[Task]
    count: rules.Count

    @property
    def open(self) -> list[Task]:
        """What is left of it."""
        return [task for task in self.tasks if task.is_open]


@dataclass(frozen=True, slots=True)
class Panel:
    """The tasks of an incident as the room shows them."""

    groups: Sequence[Group]
    count: rules.Count
    overloaded: Sequence[tuple[User, int]]


def panel(user: User, incident: Incident) -> Panel:
    """Give the tasks of a room: what people asked for first, then the checklists in the order they came up."""
    tasks = [task for task in of(user, incident) if task.state != State.DROPPED]
    names = ["", *dict.fromkeys(task.list_name for task in tasks if task.list_name)]
    groups = [_group(name, [task for task in tasks if task.list_name == name]) for name in names]
    return Panel(
        groups=[group for group in groups if group.tasks],
        count=rules.count(task.state for task in tasks),
        overloaded=_overloaded(tasks),
    )


def _group(name: str, tasks: Sequence[Task]) -> Group:
    return Group(name, tasks, rules.count(task.state for task in tasks))


def _overloaded(tasks: Sequence[Task]) -> list[tuple[User, int]]:
    open_ = [task for task in tasks if task.is_open]
    people_ = {task.assignee_id: task.assignee for task in open_ if task.assignee is not None}
    busy = rules.overloaded(task.assignee_id for task in open_)
    return [(people_[pk], busy[pk]) for pk in people_ if pk in busy]


def mine(user: User) -> list[Task]:
    """Give the open tasks of a person in incidents that are not over, the one due first at the top."""
    rows = seen(user).open().filter(assignee=user, incident__status__in=[*ACTIVE, Status.RESOLVED])
    return list(rows.order_by("due_at", "incident__severity__rank", "pk"))


def doers(user: User, incident: Incident) -> list[tuple[User, int]]:
    """Give who may be asked to do something, with how many open tasks each has here; the asking person last."""
    found = [person for person in people.people() if can(person, Verb.RESPOND)]
    busy = dict(
        Task.objects.open()
        .filter(incident=incident, assignee__isnull=False)
        .values_list("assignee")
        .annotate(number=Number("pk"))
    )
    ordered = sorted(found, key=lambda person: person.pk == user.pk)
    return [(person, busy.get(person.pk, 0)) for person in ordered]


def named(incident: Incident, names: Iterable[str]) -> dict[str, User]:
    """Give whom each @name means: by the beginning of the address, the first name or the whole name, if that is one person.

    Whoever takes part goes before others; of a private incident nobody else is meant, and so told of it.
    """
    wanted = {name.lower(): name for name in names}
    if not wanted:
        return {}
    here = list(
        User.objects.active().filter(pk__in=Participant.objects.filter(incident=incident).values("user"))
    )
    everybody = [] if incident.private else [*people.people()]
    found: dict[str, User] = {}
    for circle in (here, everybody):
        for low, name in wanted.items():
            meant = {person.pk: person for person in circle if low in _called(person)}
            able = [person for person in meant.values() if can(person, Verb.RESPOND)]
            if name not in found and len(able) == 1:
                found[name] = able[0]
    return found


def _called(person: User) -> set[str]:
    words = person.name.lower().split()
    return {person.email.partition("@")[0].lower(), "".join(words), ".".join(words), *words[:1]}


def open_in_words(incident: Incident) -> list[str]:
    """Give the open tasks that people asked for as lines of a briefing."""
    return open_with_lists(incident)[0]


def open_with_lists(incident: Incident) -> tuple[list[str], dict[str, int]]:
    """Give the open tasks that people asked for as lines, and how many steps of each checklist are open."""
    rows = list(Task.objects.open().filter(incident=incident).select_related("assignee"))
    asked = [f"{task.title} ({task.assignee or 'nobody yet'})" for task in rows if not task.list_name]
    return asked, dict(sorted(Counter(task.list_name for task in rows if task.list_name).items()))


def known(incident: Incident) -> rules.Known:
    """Give what the room knows, by which steps are done without a press."""
    held = RoleAssignment.objects.filter(incident=incident, ended_at=None).values_list(
        "role__slug", "role__is_commander"
    )
    rows = list(held)
    return rules.Known(
        is_taken=incident.acknowledged_at is not None,
        missing_roles=missing_roles(incident.severity.required_roles, [slug for slug, _ in rows]),
        is_commanded=any(commands for _, commands in rows),
        is_told=TimelineEntry.objects.filter(incident=incident, kind__in=TOLD).exists(),
    )


def due_checklists(incident: Incident, occasion: str) -> list[Checklist]:
    """Give the checklists that come up on this occasion at the incident's level."""
    found = Checklist.objects.active().filter(occasion=occasion)
    at_level = Q(severities=None) | Q(severities=incident.severity)
    return list(found.filter(at_level).distinct().order_by("position", "name").prefetch_related("steps"))
