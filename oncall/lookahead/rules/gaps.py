"""When nobody will be on call who should be, why, and what would mend it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from oncall.lookahead.rules.worries import Kind, Plan, Window, Worry, begin_of, clock, stretch
from oncall.schedules.rules import words
from oncall.schedules.rules.resolver import Kind as What
from oncall.schedules.rules.resolver import Slice


def gaps(plan: Plan, window: Window) -> list[Worry]:
    """Give each stretch of a schedule with nobody, but for what lies outside of its coverage hours."""
    found = []
    for before, gap, after in _with_neighbours(_joined(plan.slices)):
        if gap.kind is What.GAP and window.meets(gap.start, gap.end):
            why, fix = _cause(plan, gap, before, after)
            found.append(_worry(plan, gap, window, why, fix))
    return found


def _joined(slices: Sequence[Slice]) -> list[Slice]:
    """Make one of neighbours in which nobody is on call for different reasons."""
    found: list[Slice] = []
    for piece in slices:
        if found and piece.kind is What.GAP and found[-1].kind is What.GAP:
            reason = "; ".join(dict.fromkeys((found[-1].reason, piece.reason)))
            found[-1] = replace(found[-1], end=piece.end, reason=reason)
        else:
            found.append(piece)
    return found


def _with_neighbours(slices: list[Slice]) -> list[tuple[Slice | None, Slice, Slice | None]]:
    return list(zip([None, *slices], slices, [*slices[1:], None], strict=False))


def _worry(plan: Plan, gap: Slice, window: Window, why: str, fix: str) -> Worry:
    never = gap.start <= window.since and gap.end >= window.until
    when = f"in the next {(window.until - window.now).days} days" if never else ""
    when = when or stretch(gap.start, gap.end, plan.zone, now=window.now)
    return Worry(
        kind=Kind.GAP,
        key=f"gap@{begin_of(gap.start, window)}",
        text=f"Nobody is on call in {plan.name} {when}.",
        reason=why,
        fix=fix,
        start=max(gap.start, window.now),
        end=gap.end,
        is_grave=True,
    )


def _cause(plan: Plan, gap: Slice, before: Slice | None, after: Slice | None) -> tuple[str, str]:
    """Why nobody is there, and the fix, in words."""
    if gap.override is not None or gap.swap is not None:
        return f"{gap.reason[:1].upper()}{gap.reason[1:]}.", "Cancel the override, or cover the time."
    if gap.reason != words.UNCOVERED:
        return (
            f"{gap.reason[:1].upper()}{gap.reason[1:]}.",
            "Put somebody into the turn, or cover the time once.",
        )
    ends, begins = before and before.layer, after and after.layer
    if before is None or after is None or not ends or not begins:
        return "No rotation covers this time.", "Let a rotation cover it, or cover it once."
    leaves, comes = clock(gap.start, plan.zone), clock(gap.end, plan.zone)
    return (
        f"{ends} ends {leaves}, {begins} begins {comes}.",
        f"Let {begins} begin {leaves} already, or cover the time once.",
    )
