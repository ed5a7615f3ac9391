from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from incidents.board import registry
from incidents.catalog import queries as catalog
from incidents.lifecycle import queries as lifecycle
from incidents.lifecycle.models import RoleDefinition
from incidents.severities import queries as severities

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.accounts.models import User
    from incidents.catalog.models import Service
    from incidents.lifecycle.models import Incident
    from incidents.severities.models import Question, Severity
    from incidents.severities.rules import Decision, Measure

SHOWN = ("active", "mine", "resolved", "drills")


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


def page(user: User, *, which: str, search: str = "", number: int = 1) -> Page:
    """Give the incidents page: `active`, `mine`, `resolved` or `drills`."""
    shown = which if which in SHOWN else "active"
    board = lifecycle.board(user, at=timezone.now(), which=shown, search=search, page=number)
    known = registry.learning(user, [row.pk for row in board.ended])
    return Page(board, [Ended(row, known.get(row.pk)) for row in board.ended], len(known))


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of the declare screen and its answer so far; one that is not on the way is not asked."""

    question: Question
    answer: bool | None
    is_on_the_way: bool


@dataclass(frozen=True, slots=True)
class Outlook:
    """What happens when an incident is declared with what was chosen so far."""

    severity: Severity | None
    chosen: bool
    by_questions: bool
    questions: Sequence[Asked]
    pages: bool
    paged: Sequence[str]
    update_every: int | None
    missing_roles: Sequence[str]
    already_open: Sequence[Incident]
    services: Sequence[Service]


def outlook(
    user: User,
    *,
    severity: Severity | None,
    answers: Mapping[int, bool],
    measure: Measure,
    services: Sequence[Service],
    drill: bool,
) -> Outlook:
    """Work out the consequences of declaring now. A level picked directly goes before questions and numbers."""
    questions = severities.questions()
    decided = severities.decide(answers, asked=questions)
    level = severity or _decided(decided) or severities.propose(measure) or severities.default()
    pages = level is not None and not drill and severities.pages(level, at=timezone.now())
    return Outlook(
        severity=level,
        chosen=severity is not None,
        by_questions=severity is None and decided.level is not None,
        questions=[
            Asked(row, answers.get(row.position), row.position in decided.asked or not answers)
            for row in questions
        ],
        pages=pages,
        paged=registry.first_paged(user, [row.pk for row in services]) if pages else (),
        update_every=level.update_every_seconds if level else None,
        missing_roles=_asked_for(level),
        already_open=list(lifecycle.already_open(user, services=[row.pk for row in services])[:5]),
        services=services,
    )


def _decided(decided: Decision) -> Severity | None:
    return next((level for level in severities.levels() if level.pk == decided.level), None)


def _asked_for(level: Severity | None) -> list[str]:
    if level is None:
        return []
    wanted = RoleDefinition.objects.filter(slug__in=level.required_roles, is_commander=False)
    return [role.name for role in wanted]


def choices(user: User) -> dict[str, Any]:
    """Give what can be chosen from when declaring: levels and services."""
    return {"levels": list(severities.levels()), "services": list(catalog.services(user))}
