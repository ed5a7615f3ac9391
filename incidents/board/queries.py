from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from incidents.board import registry, rules
from incidents.catalog import queries as catalog
from incidents.changes import queries as changes
from incidents.fields import queries as fields
from incidents.lifecycle import queries as lifecycle
from incidents.lifecycle.models import Incident, RoleDefinition
from incidents.severities import queries as severities

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.accounts.models import User
    from incidents.catalog.models import Service
    from incidents.changes.queries import Before
    from incidents.severities.models import Question, Severity
    from incidents.severities.rules import Decision, Measure

SHOWN = ("active", "mine", "resolved", "drills")
MOST_OPEN = 5
MOST_SUGGESTED = 3
MOST_CHANGES = 5
MOST_FELT = 6
LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class Ended:
    """An incident that is over, with where its postmortem stands."""

    incident: Incident
    learning: registry.Learning | None


@dataclass(frozen=True, slots=True)
class Page:
    """The incidents page: the board, and what was learned from what is over."""

    board: lifecycle.Board
    ended: Sequence[Ended]
    learned: int
    sieve: fields.Sieve

    @property
    def early(self) -> int:
        """How many were called resolved before they had been stable for long enough."""
        return sum(row.incident.resolved_early for row in self.ended)

    @property
    def again(self) -> int:
        """How many were called resolved more than once."""
        return sum(row.incident.resolved_times > 1 for row in self.ended)


def page(
    user: User, *, which: str, search: str = "", number: int = 1, tag: str = "", field: str = ""
) -> Page:
    """Give the incidents page: `active`, `mine`, `resolved` or `drills`, of a `tag` and with a `field` (`region:eu`)."""
    shown = which if which in SHOWN else "active"
    among = fields.sieved(lifecycle.seen(user), tag=tag, field=field) if tag or field else None
    board = lifecycle.board(user, at=timezone.now(), which=shown, search=search, page=number, among=among)
    known = registry.learning(user, [row.pk for row in board.ended])
    rows = [*(strip.incident for strip in board.strips), *board.ended]
    marks = registry.marks(user, [row.pk for row in rows])
    for row in rows:
        row.marks = marks.get(row.pk, ())  # type: ignore[attr-defined]
    sieve = fields.sieve(tag=tag, field=field)
    return Page(board, [Ended(row, known.get(row.pk)) for row in board.ended], len(known), sieve)


def wall(user: User) -> lifecycle.Board:
    """Give the board as everybody may see it who passes: nothing private is on it, whoever signed that screen in."""
    return lifecycle.board(user, at=timezone.now(), among=lifecycle.seen(user).filter(private=False))


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of the declare screen and its answer so far; one that is not on the way is not asked."""

    question: Question
    answer: bool | None
    is_on_the_way: bool


@dataclass(frozen=True, slots=True)
class Suggested:
    """A service that a title may be about: who is asked first for it, and an open alert that says so."""

    service: Service
    asked_first: Sequence[str]
    alert: registry.Alerted | None


@dataclass(frozen=True, slots=True)
class Known:
    """A chosen service, and who is named as knowing it."""

    service: Service
    people: Sequence[User]


@dataclass(frozen=True, slots=True)
class Outlook:
    """What happens when an incident is declared with what was chosen so far."""

    severity: Severity | None
    least: Severity | None
    is_raised: bool
    chosen: bool
    by_questions: bool
    questions: Sequence[Asked]
    next_question: Question | None
    pages: bool
    paged: Sequence[str]
    update_every: int | None
    missing_roles: Sequence[str]
    held_by: Incident | None
    asked_to_command: str
    already_open: Sequence[Incident]
    services: Sequence[Service]
    suggested: Sequence[Suggested]
    changes: Sequence[Before]
    radius: catalog.Radius
    experts: Sequence[Known]
    origin: registry.Origin | None
    title: str

    @property
    def is_below(self) -> bool:
        """Whether a level was picked that is milder than the tiers of the services ask for."""
        return bool(self.severity and self.least and self.severity.rank > self.least.rank)

    @property
    def felt_first(self) -> Sequence[catalog.Reached]:
        """Give the services that may feel it soonest, as many as one reads in a hurry."""
        return self.radius.needed_by[:MOST_FELT]


def outlook(
    user: User,
    *,
    severity: Severity | None,
    answers: Mapping[int, bool],
    measure: Measure,
    services: Sequence[Service],
    drill: bool,
    title: str = "",
    origin: registry.Origin | None = None,
) -> Outlook:
    """Work out the consequences of declaring now. A level picked directly goes before questions and numbers.

    What is typed so far of the `title` finds what may be the same, and services that it may be about.
    """
    questions = severities.questions()
    decided = severities.decide(answers, asked=questions)
    least = severities.floor(services)
    unraised = _level(severity, decided, measure)
    level = unraised if severity else severities.worse(unraised, least)
    wakes = level is not None and not drill and severities.pages(level, at=timezone.now())
    pages = wakes and not (origin and origin.is_asked)
    return Outlook(
        severity=level,
        least=least,
        is_raised=level != unraised,
        chosen=severity is not None,
        by_questions=severity is None and decided.level is not None,
        questions=[
            Asked(row, answers.get(row.position), row.position in decided.asked or not answers)
            for row in questions
        ],
        next_question=next((row for row in questions if row.position == decided.ask), None),
        pages=pages,
        paged=registry.first_paged(user, [row.pk for row in services]) if pages else (),
        update_every=level.update_every_seconds if level else None,
        missing_roles=_asked_for(level),
        held_by=lifecycle.forbidding(Incident(severity=level, drill=drill), user) if level else None,
        asked_to_command=registry.asked_to_command(user, level, drill=drill) if level else "",
        already_open=already_open(user, title=title, services=[row.pk for row in services]),
        services=services,
        suggested=suggested(user, title=title, chosen=services),
        changes=changes.before([row.pk for row in services], begun=timezone.now(), most=MOST_CHANGES),
        radius=catalog.radius(user, services, with_situations=False),
        experts=_experts(services),
        origin=origin,
        title=title.strip(),
    )


def _experts(services: Sequence[Service]) -> list[Known]:
    found = catalog.experts(services)
    return [Known(row, found[row.pk]) for row in services if row.pk in found]


@dataclass(frozen=True, slots=True)
class Consequences:
    """What declaring with one press does: nobody chose a level."""

    severity: Severity | None
    pages: bool
    paged: Sequence[str]
    update_every: int | None


def consequences(user: User, *, services: Sequence[Service]) -> Consequences:
    """Work out what one press does, for screens that declare at once."""
    level = severities.unchosen(services)
    pages = level is not None and severities.pages(level, at=timezone.now())
    paged = registry.first_paged(user, [row.pk for row in services]) if pages else ()
    return Consequences(level, pages, paged, level.update_every_seconds if level else None)


def level(
    severity: Severity | None,
    answers: Mapping[int, bool],
    measure: Measure,
    *,
    services: Sequence[Service] = (),
) -> Severity | None:
    """Give the level that was picked, or else that answers, numbers, or nobody's choice lead to.

    What nobody picked is at least as bad as the tiers of the services ask for.
    """
    found = _level(severity, severities.decide(answers), measure)
    return found if severity else severities.worse(found, severities.floor(services))


def _level(severity: Severity | None, decided: Decision, measure: Measure) -> Severity | None:
    return severity or _decided(decided) or severities.propose(measure) or severities.default()


def already_open(user: User, *, title: str, services: Sequence[int]) -> list[Incident]:
    """Give the open incidents that may be the same: of the services, or alike in words, the most alike first."""
    found = lifecycle.already_open(user, services=())
    wanted = rules.stems(title)
    if not wanted and not services:
        return list(found[:MOST_OPEN])
    rows = found.prefetch_related("services")[:LOOKED_AT]
    scored = [(_likeness(row, wanted, services), row) for row in rows]
    likely = sorted((pair for pair in scored if pair[0] >= rules.LIKELY), key=lambda pair: -pair[0])
    return [row for _, row in likely[:MOST_OPEN]]


def _likeness(row: Incident, wanted: frozenset[str], services: Sequence[int]) -> float:
    affected = row.services.all()
    text = " ".join([row.title, row.impact, *(service.name for service in affected)])
    return rules.likeness(wanted, text, shares_service=any(service.pk in services for service in affected))


def suggested(user: User, *, title: str, chosen: Sequence[Service]) -> list[Suggested]:
    """Give services whose name, description or open alerts have words of a title; not what is chosen already."""
    wanted = rules.stems(title)
    if not wanted:
        return []
    taken = {row.pk for row in chosen}
    alerts = registry.alerted(user, rules.phrases(wanted))
    scored = [
        (rules.mentions(wanted, row.name, row.slug, row.description) + (row.pk in alerts), row)
        for row in catalog.services(user)
        if row.pk not in taken
    ]
    best = [row for score, row in sorted(scored, key=lambda pair: -pair[0]) if score][:MOST_SUGGESTED]
    asked = registry.asked_first(user, [row.pk for row in best])
    return [Suggested(row, asked.get(row.pk, ()), alerts.get(row.pk)) for row in best]


def _decided(decided: Decision) -> Severity | None:
    return next((level for level in severities.levels() if level.pk == decided.level), None)


def _asked_for(level: Severity | None) -> list[str]:
    if level is None:
        return []
    wanted = RoleDefinition.objects.filter(slug__in=level.required_roles, is_commander=False)
    return [role.name for role in wanted]


def choices(user: User) -> dict[str, Any]:
    """Give what can be chosen from when declaring: levels, services, and who could be offered command."""
    return {
        "levels": list(severities.levels()),
        "services": list(catalog.services(user)),
        "commanders": registry.commanders(user),
        **fields.to_declare(user),
    }
