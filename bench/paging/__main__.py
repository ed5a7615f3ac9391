"""`python -m bench.paging [PART ...]`: measure paging part by part, print a table, end non-zero below a target.

Without names every part runs but the long ones; `--long` runs those too. The fault tests' own product is measured: two
Celery workers with two processes each, one pager, one web process, a private Postgres that flushes, and a receiver.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.paging.parts import Part
    from bench.run import Figure
    from tests.chaos.harness import Product


@contextmanager
def running() -> Iterator[Product]:
    """The product of the fault tests, on a Postgres that flushes what it commits."""
    folder = Path(tempfile.mkdtemp(prefix="watchbill-paging-"))
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "LOG_LEVEL": "WARNING",
        "WATCHBILL_DATA_DIR": str(folder),
    }
    from tests.chaos.harness import Product  # noqa: PLC0415 - it reads the environment

    product = Product(folder)
    product.postgres.settings |= {"fsync": "on", "full_page_writes": "on", "max_wal_size": "2GB"}
    try:
        yield product.start()
    finally:
        product.stop()
        shutil.rmtree(folder, ignore_errors=True)


def parts() -> list[Part]:
    """Every part, in order."""
    from bench.paging import parts as these  # noqa: PLC0415
    from bench.paging import storms  # noqa: PLC0415

    return [
        these.Part("latency", these.first_send),
        these.Part("kills", these.kills),
        these.Part("recovery", these.recovery),
        these.Part("redis", these.without_redis),
        these.Part("burst", these.many_at_once),
        these.Part("recipients", these.recipients),
        these.Part("punctuality", these.punctuality),
        these.Part("storm", storms.storm),
        these.Part("stuck", these.detectors),
        these.Part("postgres", storms.without_postgres, is_long=True),
        these.Part("glass", storms.break_glass, is_long=True),
        these.Part("death", storms.death, is_long=True),
    ]


def measure(chosen: list[Part]) -> list[Figure]:
    """Run parts on one product; a part that breaks ends the run."""
    figures = []
    with running() as product:
        for part in chosen:
            began = time.monotonic()
            found = part.run(product)
            sys.stdout.write(f"{part.name}, {time.monotonic() - began:.0f} s\n")
            for figure in found:
                sys.stdout.write(f"  {line(figure)}\n")
            sys.stdout.flush()
            figures += found
    return figures


def line(figure: Figure) -> str:
    """A figure as a line of the table: whether it is reached, its name, its target, what was measured, what is beside."""
    mark = "ok  " if figure.reached else "MISS"
    limit = f"{'≥' if figure.at_least else '≤'} {figure.target:g}{figure.unit}"
    return f"{mark} {figure.name:<66} {limit:>9}  {f'{figure.measured:.4g}{figure.unit}':>10}  {figure.beside}".rstrip()


def main() -> int:
    """Print the table and one JSON line; 1 when a figure misses its target."""
    names = [part.name for part in parts()]
    parser = argparse.ArgumentParser(prog="python -m bench.paging", description="Measure paging.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(names)}")
    parser.add_argument("--long", action="store_true", help="run the long parts too")
    given = parser.parse_args()
    if unknown := set(given.parts) - set(names):
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    chosen = [
        part
        for part in parts()
        if part.name in given.parts or (not given.parts and given.long >= part.is_long)
    ]
    figures = measure(chosen)
    sys.stdout.write(json.dumps([asdict(figure) for figure in figures]) + "\n")
    return 0 if all(figure.reached for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
