"""When an incident may be called resolved: stable for long enough, confirmed, and by whoever commands. Pure.

Stable means half an hour (002 "When to close"), criteria are confirmed one by one and only the commander says that it
is over (000 section 11); "resolved" three times in a row costs trust (001).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

WARN_FROM = 1
"""After that many times that it was called resolved, the next time is warned about."""


@dataclass(frozen=True, slots=True)
class Stability:
    """Since when it counts as stable (None: not yet), and for how long it has to be; None asks for no wait."""

    since: datetime | None
    window: timedelta | None
    by_monitoring: bool = False

    @property
    def possible_at(self) -> datetime | None:
        """When it has been stable for long enough; None while nothing has begun or no wait is asked for."""
        return None if self.since is None or self.window is None else self.since + self.window

    def lasted(self, at: datetime) -> timedelta:
        """Give for how long it has been stable."""
        return timedelta(0) if self.since is None else max(timedelta(0), at - self.since)

    def is_met(self, at: datetime) -> bool:
        """Say whether it has been stable for long enough."""
        return self.window is None or (self.since is not None and at - self.since >= self.window)


@dataclass(frozen=True, slots=True)
class Point:
    """One criterion, and what the product itself knows of it: `against` it, or nothing."""

    slug: str
    text: str
    against: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """What is known at the moment when somebody says that it is resolved; `commander` is "" where nobody commands."""

    at: datetime
    stability: Stability
    points: Sequence[Point]
    confirmed: Collection[str]
    commander: str
    is_commander: bool


def lacking(case: Case, *, words: Callable[[float], str], clock: Callable[[datetime], str]) -> list[str]:
    """Give in half sentences what does not hold; `words` and `clock` write a span in seconds and an instant."""
    return [
        *_unstable(case, words, clock),
        *_unconfirmed(case),
        *(point.against for point in case.points if point.against),
        *_uncommanded(case),
    ]


def _unstable(case: Case, words: Callable[[float], str], clock: Callable[[datetime], str]) -> list[str]:
    stable = case.stability
    if stable.window is None or stable.is_met(case.at):
        return []
    window = words(stable.window.total_seconds())
    if stable.possible_at is None:
        begun = "confirmed by monitoring" if stable.by_monitoring else "mitigated"
        return [f"nobody has said that it is {begun}, and it has to stay so for {window}"]
    lasted = words(stable.lasted(case.at).total_seconds())
    return [f"it has been stable for {lasted} of {window}, which is over at {clock(stable.possible_at)}"]


def _unconfirmed(case: Case) -> list[str]:
    missing = [f"“{point.text}”" for point in case.points if point.slug not in case.confirmed]
    return [f"not confirmed: {', '.join(missing)}"] if missing else []


def _uncommanded(case: Case) -> list[str]:
    if case.is_commander:
        return []
    if case.commander:
        return [f"{case.commander} commands, and whoever commands says that it is over"]
    return ["nobody commands, and whoever commands says that it is over"]


@dataclass(frozen=True, slots=True)
class Story:
    """What is known of an incident that is over; times in words. Of the cause nothing, where nobody confirmed it."""

    begun: str
    ended: str
    lasted: str
    impact: str
    cause: str
    ended_by: str
    next_steps: str
    is_written_up: bool


def account(story: Story) -> str:
    """Write the draft of what customers read once it is over: what they saw, why, what was done, what comes next."""
    parts = [
        f"{sentence(story.impact) or 'Some of our customers were affected.'}"
        f" This was so from {story.begun} until {story.ended}, for {story.lasted}.",
        f"Why: {sentence(story.cause)}"
        if story.cause.strip()
        else "We are still finding out why it happened.",
        f"What ended it: {sentence(story.ended_by)}" if story.ended_by.strip() else "",
        f"What we do next: {sentence(story.next_steps)}" if story.next_steps.strip() else "",
        "We are writing down what happened and what we change, so that it does not happen again."
        if story.is_written_up
        else "",
        "We are sorry for the disruption.",
    ]
    return "\n\n".join(part for part in parts if part)


def sentence(text: str) -> str:
    """Give a text with a full stop at its end, where it has no mark of its own."""
    text = text.strip()
    return text if not text or text[-1] in ".!?…" else f"{text}."


def warning(times: int) -> str:
    """Say what it costs to call it resolved once more after `times`; "" the first time."""
    if times < WARN_FROM:
        return ""
    before = "once" if times == 1 else "twice" if times == 2 else f"{times} times"
    more = " Ask somebody else to look at it before you press." if times > 1 else ""
    return f"It was called resolved {before} and came back. Each time more costs trust.{more}"
