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
from typing import TYPE_CHECKING

from tests.chaos.oracle import share

if TYPE_CHECKING:
    from tests.chaos.oracle import Verdict

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reliability.md"
HEAD = """# Reliability

Every line is a fault that `make chaos` provoked in the running product while alerts were poured in from outside, and
what a receiver outside of it counted. *Lost* is an accepted alert of which no page arrived. *Repeated* is a page that
arrived again under its key: at most those that were under way in what failed. *Delay* is from the answer that an alert
was accepted to the arrival of its page, in seconds. A run whose fault did not strike is a failure, and so is a run in
which the comparison cannot see what two deliberately broken engines lose.

| Fault | Runs | Alerts | Lost | Repeated | Delay p50 | p99 | longest |
|---|---|---|---|---|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Run:
    """What one run came to; delays in seconds."""

    fault: str
    alerts: int
    lost: int
    repeated: int
    delays: list[float]


def note(fault: str, verdict: Verdict) -> None:
    """Keep what a run came to, where CHAOS_REPORT names a file for it."""
    if path := os.environ.get("CHAOS_REPORT"):
        alerts = len(verdict.delays) + len(verdict.lost)
        delays = [round(delay, 3) for delay in verdict.delays]
        run = Run(fault, alerts, len(verdict.lost), verdict.duplicates, delays)
        with Path(path).open("a") as file:
            file.write(f"{json.dumps(asdict(run))}\n")


def write(path: Path) -> None:
    """Write the page from the lines that were kept."""
    runs: defaultdict[str, list[Run]] = defaultdict(list)
    for line in path.read_text().splitlines():
        run = Run(**json.loads(line))
        runs[run.fault].append(run)
    lines = [_line(fault, runs[fault]) for fault in sorted(runs) if fault.startswith("F-")]
    version = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()
    PAGE.write_text(f"{HEAD}{''.join(lines)}\nMeasured at {version} on {os.cpu_count()} processors.\n")


def _line(fault: str, runs: list[Run]) -> str:
    delays = [delay for run in runs for delay in run.delays]
    figures = [statistics.median(delays), share(delays, 99), max(delays)] if delays else []
    cells = [
        fault,
        len(runs),
        *(sum(getattr(run, name) for run in runs) for name in ("alerts", "lost", "repeated")),
    ]
    return f"| {' | '.join([*map(str, cells), *(f'{figure:.2f}' for figure in figures)])} |\n"


if __name__ == "__main__":
    write(Path(sys.argv[1]))
