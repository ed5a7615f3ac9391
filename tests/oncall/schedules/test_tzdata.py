"""S-19, the rules: where new tzdata moves a zone's clock from an instant on, nobody's duty before it changes."""

import struct
import zoneinfo
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncall.schedules.rules.layers import Handoff, Layer, Unit
from oncall.schedules.rules.resolver import final, layer_shifts
from tests.oncall.schedules import oracle
from tests.oncall.schedules.strategies import DAY, ZONES, layer_around, override_around

MOVING = tuple(zone for zone in ZONES if len(oracle.changes(zone, 2009, 2032)) > 1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where zones of the tests' own are found, after those that there are."""
    path, before = tmp_path_factory.mktemp("zoneinfo"), zoneinfo.TZPATH
    zoneinfo.reset_tzpath([*before, str(path)])
    yield path
    zoneinfo.reset_tzpath(before)


def zone_until(folder: Path, zone: str, cut: datetime) -> str:
    """A zone that is as `zone` before `cut`, and whose clock is never moved from then on."""
    name = f"{zone.replace('/', '_')}_{cut:%Y%m%d}"
    changes = [moment for moment in oracle.changes(zone, 2005, 2032) if moment < cut]
    first = datetime(2005, 1, 1, tzinfo=UTC)
    offsets = [oracle.shown(zone, moment) - moment.replace(tzinfo=None) for moment in (first, *changes)]
    (folder / name).write_bytes(
        struct.pack(">4s16x6l", b"TZif", 0, 0, 0, len(changes), len(offsets), 4)
        + struct.pack(f">{len(changes)}l", *(int(moment.timestamp()) for moment in changes))
        + bytes(range(1, len(offsets)))
        + b"".join(struct.pack(">lBB", int(offset.total_seconds()), 0, 0) for offset in offsets)
        + b"LMT\0"
    )
    return name


def test_a_zone_without_its_later_changes_is_the_same_before_them(folder: Path) -> None:
    cut = datetime(2027, 3, 28, 1, tzinfo=UTC)
    name = zone_until(folder, "Europe/Berlin", cut)
    for moment in (datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC), cut - DAY):
        assert oracle.shown(name, moment) == oracle.shown("Europe/Berlin", moment)
    assert oracle.shown(name, cut) + timedelta(hours=1) == oracle.shown("Europe/Berlin", cut)


def test_s19_new_tzdata_moves_the_handoffs_after_its_change(folder: Path) -> None:
    cut = datetime(2027, 3, 28, 1, tzinfo=UTC)
    old = Layer(
        "A", "Europe/Berlin", cut - 9 * DAY, cut - 9 * DAY, None, Handoff(1, Unit.DAY, time(9)), ((1,), (2,))
    )
    new = replace(old, time_zone=zone_until(folder, "Europe/Berlin", cut))
    before, after = (layer_shifts(layer, cut - 3 * DAY, cut + 3 * DAY) for layer in (old, new))
    late = [now.start - then.start for then, now in zip(before, after, strict=True)]
    assert late == [timedelta(0)] * 4 + [timedelta(hours=1)] * 3
    assert [piece.users for piece in before] == [piece.users for piece in after]
    assert all(earlier.end == later.start for earlier, later in pairwise(after))


@given(st.sampled_from(MOVING), st.data())
def test_s19_new_tzdata_changes_nothing_before_its_change(
    folder: Path, zone: str, data: st.DataObject
) -> None:
    cut = data.draw(st.sampled_from([each for each in oracle.changes(zone, 2009, 2032) if each.year > 2009]))
    old = replace(layer_around(data.draw, zone, cut, "A"), time_zone=zone)
    new = replace(old, time_zone=zone_until(folder, zone, cut))
    overrides = [override_around(data.draw, cut, number) for number in range(2)]
    then, now = (final([layer], overrides, cut - 5 * DAY, cut) for layer in (old, new))
    assert [(piece.start, piece.end, piece.users) for piece in then] == [
        (piece.start, piece.end, piece.users) for piece in now
    ]
