"""When a room is told something that its people are too busy to notice: pure, from facts and configured spans.

The spans that ship come from the books this is built on: no progress in 30 minutes asks for help (002 "When to
escalate"), a commander who is silent for 10 minutes debugs (004 "Pitfall 1"), nobody works for hours without a break
(000 section 10), stable means 30 minutes (002 "When to close").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Kind(StrEnum):
    NO_COMMANDER = "no_commander"
    NO_WORD = "no_communications"
    SILENT = "silent_commander"
    NO_PROGRESS = "no_progress"
    NO_BREAK = "no_break"
    STABLE = "stable"
    FORGOTTEN = "forgotten"


@dataclass(frozen=True, slots=True)
class Words:
    """What a nudge says, in the room and outside of it."""

    title: str
    text: str


WORDS: dict[Kind, Words] = {
    Kind.NO_COMMANDER: Words("Nobody commands", "Somebody has to decide what comes next. Take command."),
    Kind.NO_WORD: Words(
        "Nobody speaks to customers", "The severity asks for somebody at communications. Give the role away."
    ),
    Kind.SILENT: Words(
        "The commander is silent",
        "Whoever commands has said nothing for a while. Perhaps they debug: ask them, or take over.",
    ),
    Kind.NO_PROGRESS: Words(
        "No progress",
        "Nothing was decided, found or changed for a while. Whose help would shorten this? Page them.",
    ),
    Kind.NO_BREAK: Words("Nobody has had a break", "They have been at it for hours. Send them, one by one."),
    Kind.STABLE: Words("Stable since it was mitigated", "If nothing is left to do, resolve it."),
    Kind.FORGOTTEN: Words(
        "Perhaps forgotten",
        "Nobody has written or done anything for a long time. Does it go on, or is it over?",
    ),
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What counts, as the timeline and the roles have it. `working` is since when each person has had no break.

    `sign_at` is when somebody last did anything at all.
    """

    declared_at: datetime
    is_over: bool
    mitigated_at: datetime | None
    uncommanded_since: datetime | None
    no_word_since: datetime | None
    commander_spoke_at: datetime | None
    progress_at: datetime | None
    working: Mapping[int, datetime]
    stable_since: datetime | None = None
    sign_at: datetime | None = None


def since(kind: Kind, facts: Facts) -> datetime | None:
    """Give since when a nudge's reason has lasted; None where there is none.

    What presses for progress stops once the impact has ended; what looks after people and roles lasts until the end.
    """
    if facts.is_over:
        return None
    calm = facts.mitigated_at is not None
    found: dict[Kind, datetime | None] = {
        Kind.NO_COMMANDER: facts.uncommanded_since,
        Kind.NO_WORD: None if calm else facts.no_word_since,
        Kind.SILENT: None if calm else facts.commander_spoke_at,
        Kind.NO_PROGRESS: None if calm else facts.progress_at or facts.declared_at,
        Kind.NO_BREAK: min(facts.working.values(), default=None),
        Kind.STABLE: facts.stable_since,
        Kind.FORGOTTEN: facts.sign_at or facts.declared_at,
    }
    return found[kind]


@dataclass(frozen=True, slots=True)
class Rule:
    """After how long a nudge comes, and how often again while nothing changes; None: once."""

    after: timedelta
    every: timedelta | None


def due(rule: Rule, reason_since: datetime, *, last: datetime | None) -> datetime | None:
    """Give when a nudge is due; `last` is when the one before was, for the same reason. None: it was said."""
    if last is None:
        return reason_since + rule.after
    return None if rule.every is None else last + rule.every


def latest(rule: Rule, due_at: datetime, *, at: datetime) -> datetime:
    """Give the last of the due times that have come: nobody hears five nudges at once because nobody looked."""
    if rule.every is None or due_at >= at:
        return due_at
    return due_at + rule.every * ((at - due_at) // rule.every)


def tired(working: Mapping[int, datetime], rule: Rule, *, at: datetime) -> Sequence[int]:
    """Name who has worked without a break for that long, the longest first."""
    return sorted(
        (user for user, began in working.items() if at - began >= rule.after),
        key=lambda user: (working[user], user),
    )
