from __future__ import annotations

import tomllib
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings

from incidents.severities import rules
from incidents.severities.models import Question, ReasonToDeclare, Severity, TierRule

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from django.db.models import QuerySet

    from core.accounts.models import User
    from incidents.catalog.models import Service

PRESETS = Path(__file__).parent / "presets"


def levels() -> QuerySet[Severity]:
    """Give the levels in use, worst first."""
    return Severity.objects.active()


def default() -> Severity | None:
    """Give the level of an incident for which nobody chose one: the second worst in use."""
    known = {level.rank: level for level in levels()}
    rank = rules.default_rank(list(known))
    return None if rank is None else known[rank]


def floor(services: Iterable[Service]) -> Severity | None:
    """Give the level that an incident of these services is at least, by their tiers; None where none is asked for.

    A service that is being replaced asks for nothing (R205).
    """
    tiers = {row.tier for row in services if not row.is_being_replaced}
    if not tiers:
        return None
    rules_ = TierRule.objects.filter(tier__in=tiers, at_least__is_active=True).select_related("at_least")
    return min((row.at_least for row in rules_ if row.at_least), key=lambda level: level.rank, default=None)


def worse(one: Severity | None, other: Severity | None) -> Severity | None:
    """Give the worse of two levels."""
    return min((row for row in (one, other) if row is not None), key=lambda level: level.rank, default=None)


def unchosen(services: Iterable[Service]) -> Severity | None:
    """Give the level of an incident of these services for which nobody chose one."""
    return worse(default(), floor(services))


def tiers() -> dict[int, TierRule]:
    """Give what each tier means."""
    return {row.tier: row for row in TierRule.objects.select_related("at_least")}


def coverages() -> dict[int, str]:
    """Say by tier which hours are covered."""
    return {tier: row.get_coverage_display() for tier, row in tiers().items()}


def find(word: str | int) -> Severity | None:
    """Give the level in use that people mean by a slug, label, name, alias or rank; case does not matter."""
    text = str(word).strip().lower()
    known = list(levels())
    for names in (_names, _aliases, _ranks):
        for level in known:
            if text in names(level):
                return level
    return None


def _names(level: Severity) -> set[str]:
    return {level.slug.lower(), level.label.lower(), level.name.lower()}


def _aliases(level: Severity) -> set[str]:
    return {alias.lower() for alias in level.aliases}


def _ranks(level: Severity) -> set[str]:
    return {str(level.rank)}


def questions() -> list[Question]:
    """Give the questions of the declare screen in order."""
    return list(Question.objects.order_by("position"))


def decide(answers: Mapping[int, bool], *, asked: list[Question] | None = None) -> rules.Decision:
    """Say what the answers, by position, lead to; levels are severity ids."""
    known = questions() if asked is None else asked
    return rules.decide(
        [
            rules.Ask(row.position, row.text, row.if_yes_id, row.if_no_id, row.then_if_yes, row.then_if_no)
            for row in known
        ],
        answers,
    )


def propose(measure: rules.Measure) -> Severity | None:
    """Give the level that the numbers ask for; None when they ask for none."""
    known = {level.pk: level for level in levels()}
    found = rules.propose(
        [
            rules.Criteria(
                row.pk,
                row.rank,
                row.affected_percent,
                row.affected_above,
                row.if_data_lost,
                row.if_critical_down,
            )
            for row in known.values()
        ],
        measure,
    )
    return known[found] if found else None


def pages(severity: Severity, *, at: datetime) -> bool:
    """Say whether an incident of this level wakes people at this instant, by the organisation's business hours."""
    return rules.pages_now(
        severity.paging,
        at=at,
        hours=rules.parse_hours(settings.BUSINESS_HOURS),
        zone=settings.ORGANISATION_TIME_ZONE,
    )


def preset(name: str) -> dict[str, Any]:
    """Read a scale that ships with the product; raises KeyError for an unknown name."""
    path = PRESETS / f"{name}.toml"
    if name not in preset_names():
        raise KeyError(name)
    return tomllib.loads(path.read_text())


def preset_names() -> list[str]:
    """Name the scales that ship with the product."""
    return sorted(path.stem for path in PRESETS.glob("*.toml"))


def reasons(user: User) -> QuerySet[ReasonToDeclare]:
    """Give what is enough to declare an incident, in its order."""
    return ReasonToDeclare.objects.visible_to(user).filter(is_active=True)
