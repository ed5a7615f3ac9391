"""Whose time off somebody may see: their own, and that of the people of teams that they manage.

What stems from a private incident is for its members and the person. Of a night in which other things came as well
the others see it if those alone make it hard.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.shortcuts import get_object_or_404
from django.urls import reverse

from core.accounts import queries as accounts
from oncall.absences import queries as absences
from oncall.paging.models import Page
from oncall.schedules.registry import Wish
from oncall.timeoff import rules
from oncall.timeoff.models import TimeOff
from oncall.timeoff.queries.earned import reached_by
from oncall.timeoff.rules import State, Why

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from django.db.models import QuerySet

    from core.accounts.models import User
    from oncall.absences.rules import Conflict
    from oncall.schedules.models import Schedule
    from oncall.timeoff.models import TimeOffQuerySet

WITHIN = timedelta(days=366)
"""What is shown to people without being asked for goes back so far."""
COLUMNS = (
    "user",
    "person",
    "for",
    "day",
    "team",
    "hours",
    "pages",
    "awake_minutes",
    "take_by",
    "state",
    "start",
    "end",
)


def mine(user: User) -> QuerySet[TimeOff]:
    """A person's own, the newest first."""
    found = TimeOff.objects.of(user).select_related("user", "team", "incident")
    return found.order_by("-day", "-pk")


def waiting(user: User) -> QuerySet[TimeOff]:
    """What a person could plan, what is lost first before the rest."""
    return mine(user).filter(state=State.PROPOSED).order_by("take_by", "pk")


def own(user: User, pk: int) -> TimeOff:
    """One of a person's own; 404 for anybody else's."""
    return get_object_or_404(mine(user), pk=pk)


def seen(people: Sequence[User], viewer: User, *, first: date, last: date) -> list[TimeOff]:
    """Give what these people earned from one date to another, as far as the viewer may know, in the order given."""
    order = {user.pk: number for number, user in enumerate(people)}
    rows = (
        TimeOff.objects.filter(user__in=list(order), day__gte=first, day__lte=last)
        .select_related("user", "team", "incident")
        .order_by("-day", "-pk")
    )
    return sorted(_shown(rows, viewer), key=lambda row: order[row.user_id])


def may_see(row: TimeOff, viewer: User) -> bool:
    """Say whether somebody who may see this person's time off may know of this one."""
    return bool(_shown(TimeOff.objects.filter(pk=row.pk), viewer))


def _shown(rows: TimeOffQuerySet, viewer: User) -> list[TimeOff]:
    """Leave out what stems from private incidents of others. A bounded number of queries."""
    public = set(rows.public_to(viewer).values_list("pk", flat=True))
    found = list(rows)
    still = _hard_without([row for row in found if row.pk not in public and row.why == Why.NIGHT], viewer)
    return [row for row in found if row.pk in public or row.pk in still]


def _hard_without(rows: Sequence[TimeOff], viewer: User) -> set[int]:
    """Which of these nights were hard by the pages alone that somebody may know of; their figures are made those."""
    if not rows:
        return set()
    links = TimeOff.pages.through._default_manager.filter(  # noqa: SLF001 - the public name may differ
        timeoff__in=[row.pk for row in rows], page__in=Page.objects.visible_to(viewer)
    )
    ids: defaultdict[int, set[int]] = defaultdict(set)
    for row_id, page_id in links.values_list("timeoff", "page"):
        ids[row_id].add(page_id)
    pages = reached_by({pk for some in ids.values() for pk in some})
    found = set()
    for row in rows:
        own = [pages[pk] for pk in ids[row.pk] if pk in pages]
        for night in rules.nights(own, accounts.zone(row.time_zone)):
            if rules.is_hard(night, limit=row.limit, woken_minutes=row.woken_minutes):
                row.count, row.awake_minutes = night.count, night.awake // rules.MINUTE
                found.add(row.pk)
    return found


def clashes(user: User) -> list[tuple[Conflict, Schedule]]:
    """Give which shifts of a person meet time off that they have planned."""
    spans = set(
        TimeOff.objects.of(user)
        .filter(state=State.PLANNED, absence__isnull=False)
        .values_list("start", "end")
    )
    return [pair for pair in absences.clashes(user) if (pair[0].away.start, pair[0].away.end) in spans]


def readers(row: TimeOff) -> list[User]:
    """Give who hears that it is about to be lost: who manages a team of the person, else every admin, if they may know."""
    teams = list(row.user.memberships.values_list("team", flat=True))
    found = accounts.managers_or_admins(teams or [None])
    people = {each.pk: each for some in found.values() for each in some if each.pk != row.user_id}
    return [people[pk] for pk in sorted(people) if may_see(row, people[pk])]


def wishes(user: User) -> Iterator[Wish]:
    """Give what a person has earned and has not planned, for the first page."""
    for row in waiting(user)[:5]:
        zone = accounts.zone(row.time_zone)
        said = rules.why_said(Why(row.why), row.day)
        yield Wish(
            f"Plan {rules.hours_said(row.hours)} off",
            f"{said[0].upper()}{said[1:]}, to be taken by {row.take_by:%a %d %b}",
            reverse("oncall:my-time-off"),
            "Plan",
            rules.last_moment(row.take_by, zone),
        )


def table(rows: Iterable[TimeOff]) -> Iterator[list[object]]:
    """One line each, with the column names first."""
    yield list(COLUMNS)
    for row in rows:
        yield [
            row.user_id,
            str(row.user),
            row.why,
            row.day,
            row.team.name if row.team else "",
            row.hours,
            row.count,
            row.awake_minutes,
            row.take_by,
            row.state,
            row.start.isoformat() if row.start else "",
            row.end.isoformat() if row.end else "",
        ]


def address() -> str:
    """Where people plan theirs."""
    return settings.BASE_URL + reverse("oncall:my-time-off")
