"""What the fault runs measured, as docs/reliability.md: `make chaos` collects a line per run and writes it anew."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

from tests.chaos import ledger
from tests.chaos.oracle import share

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from tests.chaos.oracle import Verdict

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reliability.md"
HEAD = """# Reliability

Every line is a fault that `make chaos` provoked in the running product while alerts were poured in from outside, and
what a receiver outside of it counted. *Lost* is an accepted alert of which no page arrived. *Repeated* is a page that
arrived again under its key: at most those that were under way in what failed. *Delay* is from when a page was due, which
for the first one is the answer that its alert was accepted, to its arrival, in seconds; where the fault is that nothing
can be sent for a while, that while is in it. A message is claimed for 3 s here instead of 15 s. A run whose fault did not strike is a failure, and so is a run in which the
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
    "F-07": "Redis hangs, its port open",
    "F-08": "Redis absent from the start; Redis without memory",
    "F-09": "Postgres crashes and comes back, five times",
    "F-10": "Postgres is stopped while alerts come in; break-glass",
    "F-11": "a sender is frozen beyond its lease and goes on",
    "F-12": "eight dispatchers and more, one killed each second, three levels",
    "F-13": "no beat; two beats",
    "F-14": "pagers whose clocks are an hour off, or jump two hours",
    "F-15": "the clock of the database jumps",
    "F-16": "every alert five times at once",
    "F-17": "resolve, acknowledge and fire in any order",
    "F-18": "a storm: 50 groups, 20 people",
    "F-19": "one alert to a crowd",
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
WHOLE = 1000
SHORTER = {
    "F-01": "10 kills instead of 40",
    "F-07": "Redis hangs for 6 s instead of 10 s",
    "F-10": "Postgres is away for 15 s instead of 120 s, and break-glass acts after 5 s instead of 60 s",
    "F-18": "the storm lasts 15 s instead of 60 s, with ten times the alerts of a fault instead of 10,000",
    "F-19": "300 people instead of 1,300",
    "F-28": "the same storm as in F-18",
    "F-29": "the table is locked for 8 s instead of 20 s",
}
"""What strikes less hard with fewer alerts than a thousand."""


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


def begin(tests: Iterable[str]) -> None:
    """Keep which tests there are, so that it can be said which of them are still to be run."""
    _add({"tests": sorted(tests)})


def end(test: str, *, passed: bool, seconds: float) -> None:
    """Keep the runs of a test that has ended, and under which conditions."""
    runs = [asdict(run) for run in _runs]
    _runs.clear()
    slowness = os.environ.get("CHAOS_SLOWNESS", "1")
    conditions = {
        "version": _version(),
        "alerts": ledger.ALERTS,
        "slowness": slowness,
        "seconds": round(seconds),
    }
    _add({"test": test, "passed": passed, "runs": runs, **conditions})


def _add(line: dict[str, Any]) -> None:
    """Add a line where CHAOS_REPORT names a file for them."""
    if path := os.environ.get("CHAOS_REPORT"):
        with Path(path).open("a") as file:
            file.write(f"{json.dumps(line)}\n")


def survived() -> set[str]:
    """The tests that need not be run again."""
    path = Path(os.environ.get("CHAOS_REPORT") or os.devnull)
    return {line["test"] for line in _ended(path) if line["passed"]} if path.exists() else set()


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def _ended(path: Path) -> list[dict[str, Any]]:
    return [line for line in _lines(path) if "test" in line]


def _waiting(path: Path) -> set[str]:
    """The tests that have not passed yet."""
    known = {test for line in _lines(path) for test in line.get("tests", ())}
    return known - {line["test"] for line in _ended(path) if line["passed"]}


def write(path: Path, page: Path = PAGE) -> set[str]:
    """Write the page from the lines that were kept; give the tests that are still to pass."""
    lines, waiting = _ended(path), _waiting(path)
    passed = [line for line in lines if line["passed"]]
    runs: defaultdict[str, list[Run]] = defaultdict(list)
    for line in passed:
        for run in line["runs"]:
            runs[run["fault"]].append(Run(**run))
    rows = [_line(fault, runs[fault]) for fault in sorted(runs) if fault in WHAT]
    seeds = sorted({run.seed for found in runs.values() for run in found})
    tail = [_conditions(passed, seeds), *_shorter(passed), _repeats(lines), *_missing(waiting)]
    page.write_text(f"{HEAD}{''.join(rows)}\n{fill(' '.join(tail), 120, break_on_hyphens=False)}\n")
    return waiting


def _conditions(passed: Sequence[dict[str, Any]], seeds: Sequence[int]) -> str:
    """Where, when and with how much it was measured."""
    versions, alerts, slowness = (_each(passed, name) for name in ("version", "alerts", "slowness"))
    bounds = "" if slowness == "1" else f" Delays were allowed {slowness} times their bound."
    return (
        f"Measured at {versions} on {os.cpu_count()} processors ({_processor()}) with {alerts} alerts for most faults"
        f" and the seeds {', '.join(map(str, seeds))}.{bounds}"
    )


def _each(lines: Iterable[dict[str, Any]], name: str) -> str:
    return ", ".join(str(value) for value in dict.fromkeys(line[name] for line in lines))


def _shorter(passed: Iterable[dict[str, Any]]) -> list[str]:
    faults = {run["fault"] for line in passed if line["alerts"] < WHOLE for run in line["runs"]}
    less = "; ".join(f"{fault}, {what}" for fault, what in SHORTER.items() if fault in faults)
    return [f"With fewer than {WHOLE:,} alerts some faults struck less: {less}."] if less else []


def _repeats(lines: Iterable[dict[str, Any]]) -> str:
    failed = Counter(_short(line["test"]) for line in lines if not line["passed"])
    if not failed:
        return "None had to be repeated."
    return f"Failed on the way: {', '.join(f'{name} ({n})' for name, n in sorted(failed.items()))}."


def _missing(waiting: Collection[str]) -> list[str]:
    return [f"Still to pass: {', '.join(sorted(map(_short, waiting)))}."] if waiting else []


def _short(test: str) -> str:
    return f"`{test.rpartition('::')[2]}`"


def _version() -> str:
    git = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    return subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def _processor() -> str:
    """The name of the processor, as Linux has it."""
    info = Path("/proc/cpuinfo")
    names = [line for line in info.read_text().splitlines() if "model name" in line] if info.exists() else []
    return names[0].partition(":")[2].strip() if names else platform.machine()


def _line(fault: str, runs: list[Run]) -> str:
    delays = [delay for run in runs for delay in run.delays]
    figures = [statistics.median(delays), share(delays, 99), max(delays)] if delays else []
    sums = (sum(getattr(run, name) for run in runs) for name in ("alerts", "lost", "repeated"))
    cells = [fault, WHAT[fault], len(runs), *sums]
    return f"| {' | '.join([*map(str, cells), *(f'{figure:.2f}' for figure in figures)])} |\n"


if __name__ == "__main__":
    kept = Path(sys.argv[1])
    if not (left := write(kept)):
        kept.unlink()
    sys.stdout.write(f"{PAGE.relative_to(ROOT)} is written; {len(left) or 'none'} of its runs to come.\n")
