"""What the fault runs measured, as docs/reliability.md: `make chaos` collects a line per run and writes it anew."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.chaos.oracle import share

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.chaos.oracle import Verdict

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reliability.md"
HEAD = """# Reliability

Every line is a fault that `make chaos` provoked in the running product while alerts were poured in from outside, and
what a receiver outside of it counted. *Lost* is an accepted alert of which no page arrived. *Repeated* is a page that
arrived again under its key: at most those that were under way in what failed. *Delay* is from when a page was due, which
for the first one is the answer that its alert was accepted, to its arrival, in seconds; where the fault is that nothing
can be sent for a while, that while is in it. A run whose fault did not strike is a failure, and so is a run in which the
comparison cannot see what two deliberately broken engines lose.

| Fault | What happens | Runs | Alerts | Lost | Repeated | Delay p50 | p99 | longest |
|---|---|---|---|---|---|---|---|---|
"""
WHAT = {
    "F-01": "workers are killed (`kill -9`) again and again",
    "F-02": "workers are killed after claiming, before sending",
    "F-03": "workers are killed after sending, before recording",
    "F-04": "workers are killed in the middle of asking a level",
    "F-05": "Redis is gone for 8 s and comes back empty",
    "F-06": "Redis forgets everything, again and again",
    "F-07": "Redis hangs for 6 s, its port open",
    "F-08": "Redis absent from the start; Redis without memory",
    "F-09": "Postgres crashes and comes back, five times",
    "F-10": "Postgres is stopped while alerts come in",
    "F-11": "a sender is frozen beyond its lease and goes on",
    "F-12": "eight dispatchers and more, one killed each second, three levels",
    "F-13": "no beat; two beats",
    "F-14": "workers whose clocks are an hour off, or jump two hours",
    "F-15": "the clock of the database jumps",
    "F-16": "every alert five times at once",
    "F-17": "resolve, acknowledge and fire in any order",
    "F-18": "a storm: 50 groups, 20 people",
    "F-19": "one alert to 1,300 people",
    "F-20": "the mail server greets late, hangs, refuses, breaks off",
    "F-21": "the receiver fails three times in ten",
    "F-22": "the receiver says: too many, come again in 30 s",
    "F-23": "every channel of the person is dead",
    "F-24": "receipts missing, late, twice, forged, or of failure",
    "F-25": "the disk of the spool is full, Postgres away",
    "F-26": "web killed while spooling; spoilt and repeated files",
    "F-27": "Postgres may only be read",
    "F-28": "a transaction stays open through the storm",
    "F-29": "the table of messages is locked; a column is added",
    "F-30": "no connection to Postgres is left",
    "F-31": "alerts made to break the product",
    "F-32": "every Celery task fails",
    "F-33": "a deploy stops every worker, one by one",
    "F-34": "the person, a channel or the turn is gone before sending",
    "F-35": "the policy is edited while it is asked by",
    "F-36": "everything is killed",
    "F-37": "an hour of faults by chance",
    "F-38": "two hours dead, with 500 open and 500 resolved meanwhile",
}


@dataclass(frozen=True, slots=True)
class Run:
    """What one run came to; delays in seconds."""

    fault: str
    seed: int
    alerts: int
    lost: int
    repeated: int
    delays: list[float]


_runs: list[Run] = []


def note(fault: str, verdict: Verdict, *, seed: int, alerts: int) -> None:
    """Keep what a run came to until its test has ended."""
    delays = [round(delay, 3) for delay in verdict.delays]
    _runs.append(Run(fault, seed, alerts, len(verdict.lost), verdict.duplicates, delays))


def end(test: str, *, passed: bool) -> None:
    """Keep the runs of a test that has ended, where CHAOS_REPORT names a file for them."""
    runs = [asdict(run) for run in _runs]
    _runs.clear()
    if path := os.environ.get("CHAOS_REPORT"):
        with Path(path).open("a") as file:
            file.write(f"{json.dumps({'test': test, 'passed': passed, 'runs': runs})}\n")


def survived() -> set[str]:
    """The tests that need not be run again."""
    path = Path(os.environ.get("CHAOS_REPORT") or os.devnull)
    return {line["test"] for line in _lines(path) if line["passed"]} if path.exists() else set()


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def write(path: Path) -> None:
    """Write the page from the lines that were kept."""
    lines = _lines(path)
    runs: defaultdict[str, list[Run]] = defaultdict(list)
    for line in lines:
        for run in line["runs"] if line["passed"] else ():
            runs[run["fault"]].append(Run(**run))
    rows = [_line(fault, runs[fault]) for fault in sorted(runs) if fault in WHAT]
    PAGE.write_text(
        f"{HEAD}{''.join(rows)}\n{_tail(lines, [run for found in runs.values() for run in found])}"
    )


def _tail(lines: Iterable[dict[str, Any]], runs: Iterable[Run]) -> str:
    version = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()
    seeds = sorted({run.seed for run in runs})
    failed = sorted({line["test"].rpartition("::")[2] for line in lines if not line["passed"]})
    again = (
        f" These failed once before they passed: {', '.join(failed)}."
        if failed
        else " None had to be repeated."
    )
    slowness = os.environ.get("CHAOS_SLOWNESS", "1")
    bounds = "" if slowness == "1" else f" Delays were allowed {slowness} times their bound."
    return (
        f"Measured at {version} on {os.cpu_count()} processors with {os.environ.get('CHAOS_ALERTS', '200')} alerts"
        f" for most faults and the seeds {', '.join(map(str, seeds))}.{again}{bounds}\n"
    )


def _line(fault: str, runs: list[Run]) -> str:
    delays = [delay for run in runs for delay in run.delays]
    figures = [statistics.median(delays), share(delays, 99), max(delays)] if delays else []
    sums = (sum(getattr(run, name) for run in runs) for name in ("alerts", "lost", "repeated"))
    cells = [fault, WHAT[fault], len(runs), *sums]
    return f"| {' | '.join([*map(str, cells), *(f'{figure:.2f}' for figure in figures)])} |\n"


if __name__ == "__main__":
    write(Path(sys.argv[1]))
