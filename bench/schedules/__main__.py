"""`python -m bench.schedules`: measure schedules, print a table, end non-zero below a target."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

from bench.paging.__main__ import line
from bench.schedules import rows, side_by_side


def main() -> int:
    """Print the table and one JSON line; 1 when a figure misses its target."""
    figures = []
    for part in (side_by_side, rows):
        for figure in part.measure():
            sys.stdout.write(f"{line(figure)}\n")
            sys.stdout.flush()
            figures.append(figure)
    sys.stdout.write(json.dumps([asdict(figure) for figure in figures]) + "\n")
    return 0 if all(figure.reached for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
