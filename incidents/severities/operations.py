from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction

from core.errors import Refused
from incidents.catalog.models import Tier
from incidents.severities import queries
from incidents.severities.models import (
    Anchor,
    Coverage,
    Question,
    ReasonToDeclare,
    Separation,
    Severity,
    TierRule,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


REASONS = Path(__file__).parent / "reasons.toml"


class UnknownScale(Refused):
    """There is no scale of that name."""


class InUse(Refused):
    """Incidents refer to this level, so it can be retired and not deleted."""


@transaction.atomic
def install_preset(name: str) -> list[Severity]:
    """Put one of the shipped scales in force, with its questions.

    Levels are matched by rank, so incidents keep theirs under its new name; levels beyond the scale are retired.
    """
    try:
        chosen = queries.preset(name)
    except KeyError:
        known = ", ".join(queries.preset_names())
        raise UnknownScale(f"There is no scale “{name}”. Known: {known}.") from None
    _free_names(chosen["level"])
    levels = [_put_level(rank, fields) for rank, fields in enumerate(chosen["level"], start=1)]
    Severity.objects.filter(rank__gt=len(levels)).update(is_active=False)
    _put_questions(chosen["question"], {level.slug: level for level in levels})
    return levels


@transaction.atomic
def install_defaults() -> None:
    """Give a new install its scale; one that has levels keeps them."""
    if not Severity.objects.exists():
        install_preset("sev4")
    if not ReasonToDeclare.objects.exists():
        rows = tomllib.loads(REASONS.read_text())["reason"]
        ReasonToDeclare.objects.bulk_create(ReasonToDeclare(**row) for row in rows)
    if not TierRule.objects.exists():
        TierRule.objects.bulk_create(
            TierRule(
                tier=tier,
                coverage=Coverage.BUSINESS_HOURS if tier == Tier.STANDARD else Coverage.ALWAYS,
                at_least=Severity.objects.active().filter(rank=3).first() if tier == Tier.CRITICAL else None,
            )
            for tier in Tier
        )


def _free_names(levels: Sequence[Mapping[str, Any]]) -> None:
    """Let slugs change places: SEV1 may be rank 1 in one scale and rank 2 in the next."""
    taken = Severity.objects.filter(slug__in=[level["slug"] for level in levels])
    for level in taken:
        Severity.objects.filter(pk=level.pk).update(slug=f"retired-{level.pk}")


def _put_level(rank: int, fields: Mapping[str, Any]) -> Severity:
    plain = {
        "update_every_seconds": None,
        "respond_within_seconds": None,
        "commander_within_seconds": None,
        "separation": Separation.FREE,
        "two_incidents": Separation.FLAGGED,
        "stable_seconds": 1800,
        "stable_since": Anchor.MITIGATED,
        "affected_percent": None,
        "affected_above": False,
        "if_data_lost": False,
        "if_critical_down": False,
        "is_active": True,
    }
    return Severity.objects.update_or_create(rank=rank, defaults={**plain, **fields})[0]


def _put_questions(rows: Sequence[Mapping[str, Any]], levels: Mapping[str, Severity]) -> None:
    Question.objects.all().delete()
    Question.objects.bulk_create(
        Question(
            position=row["position"],
            text=row["text"],
            if_yes=levels.get(row.get("if_yes", "")),
            if_no=levels.get(row.get("if_no", "")),
            then_if_yes=row.get("then_if_yes"),
            then_if_no=row.get("then_if_no"),
        )
        for row in rows
    )


@transaction.atomic
def add(severity: Severity) -> Severity:
    """Add a level at the end of the scale; move it to where it belongs."""
    severity.rank = Severity.objects.count() + 1
    severity.save()
    return severity


@transaction.atomic
def move(severity: Severity, *, by: int) -> None:
    """Let a level change places with the one `by` places worse (negative) or milder (positive); the ends stay."""
    rows = list(Severity.objects.select_for_update().order_by("rank"))
    here = next(place for place, row in enumerate(rows) if row.pk == severity.pk)
    there = here + by
    if not 0 <= there < len(rows):
        return
    rows[here], rows[there] = rows[there], rows[here]
    _number(rows)


@transaction.atomic
def delete(severity: Severity) -> None:
    """Remove a level that no incident ever had, and close the gap."""
    if severity.incidents.exists():
        raise InUse(f"Incidents were {severity.label}. Retire the level instead: take away “Is active”.")
    severity.delete()
    _number(list(Severity.objects.order_by("rank")))


def _number(rows: Sequence[Severity]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("set constraints severity_rank_once deferred")
    for rank, row in enumerate(rows, start=1):
        if row.rank != rank:
            Severity.objects.filter(pk=row.pk).update(rank=rank)
