"""How ready services are: facts and answers, for as many services at once as are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Exists, Max, OuterRef, Q, Subquery
from django.utils import timezone

from incidents.catalog.models import LinkKind, Service, ServiceKind, ServiceLink
from incidents.catalog.registry import Readiness
from incidents.readiness import registry, rules
from incidents.readiness.models import ReadinessAnswer, ReadinessQuestion
from incidents.readiness.rules import Fact, Item
from incidents.runbooks.models import Runbook

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from core.accounts.models import User

MISSING = "not known"


@dataclass(frozen=True, slots=True)
class Line:
    """An item of a service: what it is, whether it is in order, what is known, and what a person answered."""

    item: str
    text: str
    short: str
    is_met: bool
    said: str
    is_fact: bool
    answer: ReadinessAnswer | None

    @property
    def is_open(self) -> bool:
        """Whether there is something to answer: a fact that is there needs no word of anybody."""
        return not self.is_fact or not self.is_met or self.answer is not None


@dataclass(frozen=True, slots=True)
class Review:
    """All items of a service."""

    service: Service
    lines: Sequence[Line]

    @property
    def missing(self) -> list[Line]:
        """Give the items that are not in order."""
        return [line for line in self.lines if not line.is_met]

    @property
    def words(self) -> list[str]:
        """Say in a word each what is missing, and how many questions are open."""
        questions = sum(not line.is_fact for line in self.missing)
        open_ = [_number(questions, "open question")] if questions else []
        return [*(line.short for line in self.missing if line.is_fact), *open_]


def reviews(user: User, services: Sequence[Service]) -> list[Review]:
    """Review services, in a number of queries that does not grow with theirs."""
    if not services:
        return []
    facts = _facts(services) | registry.facts(user, services)
    questions = list(ReadinessQuestion.objects.visible_to(user).active())
    latest = (
        ReadinessAnswer.objects.filter(service__in=[row.pk for row in services])
        .order_by("service", "item", "-id")
        .distinct("service", "item")
        .select_related("by")
    )
    answers = {(row.service_id, row.item): row for row in latest}
    return [Review(row, _lines(row, facts, questions, answers)) for row in services]


def review(user: User, service: Service) -> Review:
    """Review one service."""
    return reviews(user, [service])[0]


def of_services(user: User, services: Sequence[Service]) -> dict[int, Readiness]:
    """Give what the list of services shows: how many items are missing, of how many, and which."""
    return {
        row.service.pk: Readiness(len(row.lines), len(row.missing), row.words)
        for row in reviews(user, services)
    }


def _lines(
    service: Service,
    facts: Mapping[Item, Mapping[int, Fact]],
    questions: Sequence[ReadinessQuestion],
    answers: Mapping[tuple[int, str], ReadinessAnswer],
) -> list[Line]:
    wanted = rules.asked_of(
        is_business=service.kind == ServiceKind.BUSINESS, is_being_replaced=service.is_being_replaced
    )
    lines = []
    for item in wanted:
        fact = facts.get(item, {}).get(service.pk, Fact(is_there=False, said=MISSING))
        answer = answers.get((service.pk, item.value))
        met = rules.is_met(fact, answer.outcome if answer else None)
        lines.append(Line(item.value, rules.WORDS[item], rules.SHORT[item], met, fact.said, True, answer))  # noqa: FBT003
    for question in () if service.is_being_replaced else questions:
        answer = answers.get((service.pk, question.slug))
        met = rules.is_met(None, answer.outcome if answer else None)
        said = answer.get_outcome_display() if answer else "nobody has answered"
        lines.append(Line(question.slug, question.text, question.text.lower(), met, said, False, answer))  # noqa: FBT003
    return lines


def _facts(services: Sequence[Service]) -> dict[Item, Mapping[int, Fact]]:
    """Work out what the catalog and the runbooks know, in one query for all."""
    shown = ServiceLink.objects.filter(
        service=OuterRef("pk"), kind__in=(LinkKind.DASHBOARD, LinkKind.METRICS)
    )
    written = Runbook.objects.active().filter(services=OuterRef("pk")).order_by()
    rows: list[Any] = list(
        Service.objects.filter(pk__in=[row.pk for row in services])
        .select_related("team")
        .annotate(
            members=Count(
                "team__memberships", filter=Q(team__memberships__user__is_active=True), distinct=True
            ),
            needed=Count("depends_on", distinct=True),
            is_shown=Exists(shown),
            is_written=Exists(written),
            tested=Subquery(written.values("services").annotate(last=Max("tested_at")).values("last")[:1]),
        )
    )
    limit = timezone.now() - timedelta(days=rules.RUNBOOK_DAYS)
    return {
        Item.OWNER: {
            row.pk: Fact(row.members > 0, f"{row.team}, {_number(row.members, 'member')}") for row in rows
        },
        Item.DASHBOARD: {
            row.pk: Fact(row.is_shown, "linked" if row.is_shown else "no link to one") for row in rows
        },
        Item.DEPENDENCIES: {
            row.pk: Fact(row.needed > 0, f"it needs {_number(row.needed, 'service')}") for row in rows
        },
        Item.RUNBOOK: {row.pk: _tested(row.tested, is_written=row.is_written, limit=limit) for row in rows},
    }


def _tested(at: datetime | None, *, is_written: bool, limit: datetime) -> Fact:
    said = f"last tested on {at:%d %b %Y}" if at else "never tested" if is_written else "none is written"
    return Fact(at is not None and at >= limit, said)


def _number(number: int, word: str) -> str:
    return f"{number or 'no'} {word}{'' if number == 1 else 's'}"
