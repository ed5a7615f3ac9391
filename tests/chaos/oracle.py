"""What was accepted, against what arrived, against what the tables say. Nothing here reads the product's own mind."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


TAKEN = {"accepted", "delivered"}


@dataclass(frozen=True, slots=True)
class Accepted:
    """An alert that was answered with a 2xx, when, and after how many seconds."""

    title: str
    at: float
    took: float = 0.0


@dataclass(frozen=True, slots=True)
class Receipt:
    """A page that arrived: when, under which key, about what, at which address (the end of it)."""

    at: float
    key: str
    title: str
    to: str = "bob"


@dataclass(frozen=True, slots=True)
class Row:
    """A message to the sink as the tables have it. Of its tries some were cut off by a fault: nobody learned their
    outcome, or too late. Others took too long, on a machine with too much to do.
    """

    title: str
    key: str
    state: str
    cut_off: int
    too_slow: int
    story: str | None = ""
    to: str = "bob"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who must hear of every alert: at least one of these addresses, so many seconds after it was accepted."""

    to: tuple[str, ...] = ("bob",)
    after: float = 0.0


BOB = (Wanted(),)


@dataclass(slots=True)
class Verdict:
    """What the comparison found; every list is empty after a fault that was survived."""

    lost: list[str] = field(default_factory=list)
    """Accepted, and no page arrived."""
    lies: list[str] = field(default_factory=list)
    """The tables say that a message was taken, and nothing arrived; or it ended in any other way, or not at all."""
    doubled: list[str] = field(default_factory=list)
    """More than one page for one alert: a duplicate inwards."""
    unexplained: list[str] = field(default_factory=list)
    """A key that arrived again although no try of it was cut off or too slow, or more than three times by faults."""
    duplicates: int = 0
    """Receipts beyond the first of each key."""
    cut_off: int = 0
    """Tries that were under way where something failed."""
    too_slow: int = 0
    """Tries that the sink did not answer in time; none on a machine that has the time."""
    delays: list[float] = field(default_factory=list)
    """Seconds from when a page was due to when it was first received."""
    waits: list[float] = field(default_factory=list)
    """Seconds that the senders of the alerts waited for their answers."""

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.lies or self.doubled or self.unexplained)

    @property
    def p99(self) -> float:
        """The delay that 99 of 100 alerts stay below."""
        return share(self.delays, 99)


def share(values: Sequence[float], percent: int) -> float:
    """The value that so many of a hundred do not exceed."""
    return sorted(values)[max(0, -(-len(values) * percent // 100) - 1)]


def judge(
    ledger: Sequence[Accepted],
    receipts: Sequence[Receipt],
    rows: Sequence[Row],
    wanted: Sequence[Wanted] = BOB,
) -> Verdict:
    """Compare the three."""
    verdict = Verdict(waits=[accepted.took for accepted in ledger])
    titles = {accepted.title for accepted in ledger}
    first, times = _arrived(receipts, titles)
    made: defaultdict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        made[row.title, row.to].append(row)
    for accepted in ledger:
        for one in wanted:
            _judge_one(verdict, accepted, one, first, made)
    _judge_rows(verdict, [row for found in made.values() for row in found if row.title in titles], times)
    return verdict


def _arrived(
    receipts: Sequence[Receipt], titles: set[str]
) -> tuple[dict[tuple[str, str], float], Counter[str]]:
    first: dict[tuple[str, str], float] = {}
    times: Counter[str] = Counter()
    for receipt in receipts:
        if receipt.title in titles:
            first.setdefault((receipt.title, receipt.to), receipt.at)
            times[receipt.key] += 1
    return first, times


def _judge_one(
    verdict: Verdict,
    accepted: Accepted,
    wanted: Wanted,
    first: Mapping[tuple[str, str], float],
    made: Mapping[tuple[str, str], Sequence[Row]],
) -> None:
    title = accepted.title
    arrived = [first[title, to] for to in wanted.to if (title, to) in first]
    rows = [row for to in wanted.to for row in made.get((title, to), ())]
    if arrived:
        verdict.delays.append(min(arrived) - accepted.at - wanted.after)
    else:
        verdict.lost.append(f"{title} to {wanted.to}")
    if not rows or any(len(made.get((title, to), ())) > 1 for to in wanted.to):
        verdict.doubled.append(f"{title}: {len(rows)} messages to {wanted.to}")
    if not any(row.state in TAKEN for row in rows):
        verdict.lies.append(f"{title}: {[row.state for row in rows]} to {wanted.to}")


def _judge_rows(verdict: Verdict, rows: Sequence[Row], times: Mapping[str, int]) -> None:
    for row in rows:
        received = times.get(row.key, 0)
        if row.state in TAKEN and not received:
            verdict.lies.append(f"{row.title}: {row.state}, received {received} times")
        if received > 1 + min(2, row.cut_off) + row.too_slow:
            verdict.unexplained.append(f"{row.title}: {received} times; {row.story}")
        verdict.duplicates += max(0, received - 1)
        verdict.cut_off += row.cut_off
        verdict.too_slow += row.too_slow
