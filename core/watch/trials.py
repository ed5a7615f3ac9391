"""The slower canaries, a quarter of an hour apart: whether each was taken, and whether it came back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from core.watch.rules import Grade, Reading, spell

EVERY_SECONDS = 900
TAKEN_SECONDS = 120
"""One that nobody took within so long is lost."""
BACK_SECONDS = 300
"""One that was taken comes back within so long, or it is lost."""


@dataclass(frozen=True, slots=True)
class Trial:
    """Seconds since it set out, how long it took to be taken and to come back, None while it was not; what is wrong."""

    age: float
    taken: float | None
    back: float | None
    error: str


@dataclass(frozen=True, slots=True)
class Words:
    """How a kind of trial is spoken of: "test mail", who takes it, where it comes back, and what to do."""

    noun: str
    taker: str
    back: str
    advice: str


def begin(kind: str) -> int | None:
    """Give the quarter of an hour whose trial this process has to send, None when it is another's or was sent."""
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into watch_trial (kind, slot, error)"
            " select %(kind)s, slot, '' from (select floor(extract(epoch from now()) / %(every)s)::bigint)"
            " as this (slot) where not exists (select from watch_trial known"
            " where known.kind = %(kind)s and known.slot = this.slot)"
            " on conflict (kind, slot) do nothing returning slot",
            {"kind": kind, "every": EVERY_SECONDS},
        )
        row = cursor.fetchone()
    return None if row is None else int(row[0])


def note_taken(kind: str, slot: int) -> None:
    """Note that the other side took a trial."""
    _note(kind, slot, "taken_at = coalesce(taken_at, now()), error = ''")


def note_back(kind: str, slot: int) -> bool:
    """Note that a trial came back; False where none of this name was sent."""
    return _note(kind, slot, "taken_at = coalesce(taken_at, now()), arrived_at = coalesce(arrived_at, now())")


def note_error(kind: str, slot: int, error: str) -> None:
    """Note what went wrong with a trial that nobody took yet."""
    _note(kind, slot, "error = %s", error[:300])


def _note(kind: str, slot: int, change: str, *values: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            f"update watch_trial set {change} where kind = %s and slot = %s",  # noqa: S608
            [*values, kind, slot],
        )
        return bool(cursor.rowcount)


def open_slots(kind: str) -> list[int]:
    """Give the trials of the last half hour that were taken and have not come back."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select slot from watch_trial where kind = %s and taken_at is not null and arrived_at is null"
            " and started_at > now() - interval '30 minutes' order by slot",
            [kind],
        )
        return [row[0] for row in cursor.fetchall()]


def lately(kind: str) -> list[Trial]:
    """Give the trials of the last two hours, the newest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select extract(epoch from now() - started_at)::float8,"
            " extract(epoch from taken_at - started_at)::float8,"
            " extract(epoch from arrived_at - started_at)::float8, error"
            " from watch_trial where kind = %s and started_at > now() - interval '2 hours'"
            " order by slot desc limit 8",
            [kind],
        )
        return [Trial(*row) for row in cursor.fetchall()]


def judge(trials: Sequence[Trial], words: Words, *, comes_back: bool) -> Reading:
    """Judge the newest trial of which something can be said; it is lost when nobody took it, or it did not return."""
    for trial in trials:
        if trouble := _trouble(trial, words, comes_back=comes_back):
            return Reading(grade=Grade.BAD, text=trouble, advice=words.advice)
        if trial.back is not None:
            ago = spell(trial.age - trial.back)
            said = f"A {words.noun} came back {words.back} {ago} ago, after {max(0.0, trial.back):.1f} s."
            return Reading(grade=Grade.GOOD, text=said)
        if trial.taken is not None and not comes_back:
            ago = spell(trial.age - trial.taken)
            return Reading(grade=Grade.GOOD, text=f"{words.taker} took a {words.noun} {ago} ago.")
    if trials:
        return Reading(grade=Grade.GOOD, text=f"The first {words.noun} is under way.")
    return Reading(
        grade=Grade.WARN,
        text=f"No {words.noun} was sent in the last two hours.",
        advice="It goes out within a minute of the start of the pager.",
    )


def _trouble(trial: Trial, words: Words, *, comes_back: bool) -> str:
    why = f": {trial.error}" if trial.error else ""
    if trial.taken is None and trial.age > TAKEN_SECONDS:
        return f"{words.taker} has not taken the {words.noun} of {spell(trial.age)} ago{why}."
    if comes_back and trial.back is None and trial.age > BACK_SECONDS:
        return f"The {words.noun} of {spell(trial.age)} ago was taken and has not come back {words.back}."
    return ""
