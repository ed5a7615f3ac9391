"""What the looks at the engine come to: a grade each, and one sentence for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Grade(StrEnum):
    """How a look came out. `warn` wants somebody by day, `bad` wants somebody now."""

    GOOD = "good"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not as it should be: what it is, since when, and its page, if it has one."""

    what: str
    since: datetime | None = None
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one look saw: in a sentence, and unless it was good what to do and the things it is about."""

    grade: Grade
    text: str
    advice: str = ""
    findings: tuple[Finding, ...] = ()
    more: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """A reading under the name of its check."""

    name: str
    title: str
    reading: Reading


_RANKS = {Grade.BAD: 0, Grade.WARN: 1, Grade.GOOD: 2}


def worst(grades: Iterable[Grade]) -> Grade:
    """Give the worst of some grades, good where there is none."""
    return min(grades, key=_RANKS.__getitem__, default=Grade.GOOD)


def verdict(seen: Sequence[Seen]) -> str:
    """Say in a sentence or two whether people can rely on being paged."""
    bad = [each.reading.text for each in seen if each.reading.grade is Grade.BAD]
    warned = sum(each.reading.grade is Grade.WARN for each in seen)
    if len(bad) > 1:
        return f"Act now. {bad[0]} {len(bad) - 1} more below."
    if bad:
        return f"Act now. {bad[0]}"
    if warned:
        return f"Paging works. {_count(warned)} attention soon."
    return "Paging is healthy."


def worst_first(seen: Iterable[Seen]) -> list[Seen]:
    """Put what is wrong before what is well, each in its own order."""
    return sorted(seen, key=lambda each: _RANKS[each.reading.grade])


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _count(number: int) -> str:
    return "One thing wants" if number == 1 else f"{number} things want"


# The engine

SKEW_SECONDS = 5.0
BEAT_SECONDS = 30
"""A round lasts at most 20 s, and its end is a beat."""
SLOW_SECONDS = 1.0
VERY_SLOW_SECONDS = 10.0
PAGE_WAITS_SECONDS = 10.0
OTHER_WAITS_SECONDS = 300.0
FREE_SHARE = 0.10


@dataclass(frozen=True, slots=True)
class Beats:
    """How many workers of a kind are alive, and seconds since the last one was, None when none ever was."""

    alive: int
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """The oldest message due on a channel, of pages or of the others."""

    channel: str
    is_page: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Lag:
    """Within how many seconds 99 % of so many messages were begun."""

    messages: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Tries of a day that nobody knows the end of, and messages that may have arrived twice for that."""

    unknown: int
    twice: int


def database(fsync: str, synchronous_commit: str, *, skew: float) -> Reading:
    """Judge Postgres by its settings, and by how far its clock is from this machine's, in seconds."""
    off = [
        name
        for name, value in (("fsync", fsync), ("synchronous_commit", synchronous_commit))
        if value == "off"
    ]
    if off:
        return Reading(
            grade=Grade.BAD,
            text=f"Postgres runs with {_and(off)} off: a power cut can lose an accepted alert.",
            advice=f"Set {_and([f'{name} = on' for name in off])} in postgresql.conf and reload.",
        )
    if abs(skew) > SKEW_SECONDS:
        return Reading(
            grade=Grade.BAD,
            text=f"The clocks of Postgres and of the web server are {abs(skew):.0f} s apart.",
            advice="Set both by NTP: Postgres decides when anybody is paged.",
        )
    return Reading(grade=Grade.GOOD, text="Postgres answers, writes safely, and its clock is right.")


def disk(free_share: float) -> Reading:
    """Judge the room on the disk of the data folder, as a share of it."""
    said = f"{free_share * 100:.0f} % of the disk of the data folder is free."
    if free_share < FREE_SHARE:
        return Reading(
            grade=Grade.BAD, text=f"Only {said}", advice="Make room before Postgres stops for want of it."
        )
    return Reading(grade=Grade.GOOD, text=said)


def workers(pagerd: Beats, celery: Beats, *, spare_wanted: bool) -> Reading:
    """Judge the workers; in production one `pagerd` alone is not enough."""
    if not pagerd.alive:
        said = "has never run" if pagerd.seconds is None else f"was last seen {spell(pagerd.seconds)} ago"
        return Reading(
            grade=Grade.BAD, text=f"The pager {said}.", advice="Start manage.py pagerd, and read its log."
        )
    if not celery.alive:
        return Reading(
            grade=Grade.WARN,
            text="No Celery worker is at work. Pages still go out, up to a second later.",
            advice="See that the Celery worker, beat and Redis run; their logs say what is wrong.",
        )
    if spare_wanted and pagerd.alive < 2:
        return Reading(
            grade=Grade.WARN,
            text="Only one pager runs: nobody takes over at once when it dies.",
            advice="Run manage.py pagerd twice, best on two machines.",
        )
    return Reading(
        grade=Grade.GOOD,
        text=f"At work: {_many(pagerd.alive, 'pager')} and {_many(celery.alive, 'Celery worker')}.",
    )


def waiting(oldest: Sequence[Waiting]) -> Reading:
    """Judge how long the oldest messages that are due have waited."""
    if not oldest:
        return Reading(grade=Grade.GOOD, text="Nothing waits.")
    said = "; ".join(
        f"{'a page' if each.is_page else 'a message'} by {each.channel.lower()} for {spell(each.seconds)}"
        for each in sorted(oldest, key=lambda each: -each.seconds)
    )
    late = any(
        each.seconds > (PAGE_WAITS_SECONDS if each.is_page else OTHER_WAITS_SECONDS) for each in oldest
    )
    if late:
        return Reading(
            grade=Grade.WARN,
            text=f"Waiting: {said}.",
            advice="See whether that channel answers; its latest error is on the page it belongs to.",
        )
    return Reading(grade=Grade.GOOD, text=f"Waiting: {said}.")


def lag(measured: Lag) -> Reading:
    """Judge how long after their time messages are begun."""
    if not measured.messages:
        return Reading(grade=Grade.GOOD, text="No message was sent in the last hour.")
    number = f"{measured.messages:,}"
    said = f"99 % of the last {number} messages were begun within {measured.seconds:.2f} s of their time."
    if measured.seconds <= SLOW_SECONDS:
        return Reading(grade=Grade.GOOD, text=said)
    return Reading(
        grade=Grade.BAD if measured.seconds > VERY_SLOW_SECONDS else Grade.WARN,
        text=said,
        advice="See that Redis answers and that the machines have processor time to spare.",
    )


def duplicates(measured: Duplicates) -> Reading:
    """Judge how often a day's messages ended without anybody knowing."""
    if not measured.unknown:
        return Reading(grade=Grade.GOOD, text="Every try of the last 24 h has a known outcome.")
    tries = "one try" if measured.unknown == 1 else f"{measured.unknown:,} tries"
    return Reading(
        grade=Grade.WARN,
        text=f"After {tries} of the last 24 h nobody knew whether the message had arrived."
        f" Arrived twice, perhaps: {measured.twice:,}.",
        advice="That happens when a worker is killed or a server hangs in the middle. If it goes on, read their logs.",
    )


def _many(number: int, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{number} {noun}s"


def spell(seconds: float) -> str:
    """Write a time of waiting as a person says it."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 2 * 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.0f} days"
