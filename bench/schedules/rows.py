"""The same schedules as rows of a private Postgres, read and answered as for a page and for the calendar."""

from __future__ import annotations

import statistics
import time
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from bench.run import Figure, Product
from bench.schedules.ours import values
from bench.schedules.workload import NOW, START, workload

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from oncall.schedules.models import Schedule
    from oncall.schedules.rules import layers as rules

RUNS = 9
YEAR = timedelta(days=365)
FASTER = 25
"""So many times faster than Grafana OnCall was."""
ONCALL_YEAR_MS, ONCALL_NOW_MS = 985.0, 1166.0
"""What Grafana OnCall took on two cores: 30 rotations over 365 days; who is on call now in 100 schedules."""
PEOPLE = range(1, 61)


def measure() -> list[Figure]:
    """How many times faster than Grafana OnCall, rows included."""
    product = Product()
    try:
        product.postgres.start()
        product.settle()
        return _measure()
    finally:
        product.stop()


def _measure() -> list[Figure]:
    import django  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415

    django.setup()
    call_command("migrate", verbosity=0)
    _people()
    (long,) = _fill(1, rotations=30)
    hundred = _fill(100, rotations=3)
    with connection.cursor() as cursor:
        cursor.execute("analyze")
    return [
        _faster("a year of 30 rotations, read and resolved", ONCALL_YEAR_MS, partial(_year, long)),
        _faster("on call now, 100 schedules, read and resolved", ONCALL_NOW_MS, partial(_now, hundred)),
    ]


def _year(schedule: int) -> None:
    from oncall.schedules import queries  # noqa: PLC0415

    queries.resolve([schedule], start=START, end=START + YEAR)[schedule].final(START, START + YEAR)


def _now(schedules: Collection[int]) -> None:
    from oncall.schedules import queries  # noqa: PLC0415

    queries.on_call(schedules, NOW)


def _faster(name: str, oncall: float, run: Callable[[], None]) -> Figure:
    took = statistics.median(_milliseconds(run) for _ in range(RUNS))
    beside = f"{took:.0f} ms beside {oncall:,.0f} ms of Grafana OnCall"
    return Figure(name, oncall / took, "x", FASTER, at_least=True, beside=beside)


def _milliseconds(run: Callable[[], None]) -> float:
    from oncall.schedules.rules.turns import wall  # noqa: PLC0415

    wall.cache_clear()
    began = time.perf_counter()
    run()
    return 1000 * (time.perf_counter() - began)


def _people() -> None:
    from core.accounts.models import User  # noqa: PLC0415

    User.objects.bulk_create(User(pk=pk, email=f"u{pk}@example.com", name=f"u{pk}") for pk in PEOPLE)


def _fill(schedules: int, *, rotations: int) -> list[int]:
    from oncall.schedules.models import Override, Schedule  # noqa: PLC0415

    work = workload(rotations)
    layers, overrides = values(work)
    rows = Schedule.objects.bulk_create(
        Schedule(slug=f"{rotations}-{number}", name=f"{rotations} {number}") for number in range(schedules)
    )
    for layer, rotation in zip(layers, work["rotations"], strict=True):
        _add(layer, rotation["level"], rows)
    Override.objects.bulk_create(
        Override(schedule=row, start=each.start, end=each.end, user_id=each.user)
        for row in rows
        for each in overrides
    )
    return [row.pk for row in rows]


def _add(layer: rules.Layer, level: int, schedules: list[Schedule]) -> None:
    """The same layer for each of the schedules; those of one level have one position."""
    from oncall.schedules.models import Layer, Participant, Restriction  # noqa: PLC0415

    rows = Layer.objects.bulk_create(
        Layer(
            schedule=schedule,
            position=level,
            name=layer.name,
            time_zone=layer.time_zone,
            start=layer.start,
            unit=layer.handoff.unit.value,
            handoff_at=layer.handoff.at,
            effective_from=layer.effective_from,
        )
        for schedule in schedules
    )
    Participant.objects.bulk_create(
        Participant(layer=row, place=place, user_id=person)
        for row in rows
        for place, people in enumerate(layer.participants)
        for person in people or ()
    )
    Restriction.objects.bulk_create(
        Restriction(layer=row, weekday=window.weekday, start=window.start, end=window.end)
        for row in rows
        for window in layer.restrictions
    )
