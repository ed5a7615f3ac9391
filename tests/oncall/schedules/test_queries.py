from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from oncall.schedules import queries, registry
from oncall.schedules.rules.layers import Exceptional, Override
from tests import cast

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from pytest_django import DjangoAssertNumQueries

    from oncall.schedules.rules.layers import Layer

pytestmark = pytest.mark.django_db


def test_what_another_feature_knows_of_counts_and_is_no_override(monkeypatch: pytest.MonkeyPatch) -> None:
    alice, bob = cast.alice(), cast.bob()
    schedule = cast.always(alice)
    now = timezone.now()

    def read(
        layers: Mapping[int, Sequence[Layer]], start: datetime, end: datetime
    ) -> Mapping[int, Sequence[Override]]:
        return {
            pk: [
                Override(
                    5, now, now + timedelta(hours=2), bob.pk, alice.pk, 0, by="Bob", kind=Exceptional.SWAP,
                    layer=own[0].lineage,
                )
            ]
            for pk, own in layers.items()
        }  # fmt: skip

    monkeypatch.setattr(registry, "_known", [])
    registry.add_exceptions(read, naming=lambda ids: [schedule.pk] if bob.pk in ids else [])
    piece = queries.on_call([schedule.pk], now)[schedule.pk]
    assert (piece.users, piece.swap, piece.override) == ((bob.pk,), 5, None)
    assert set(queries.naming([bob.pk])) == {schedule.pk}
    shown = queries.calendar(schedule, first=now.date(), days=7, zone=ZoneInfo("UTC"), now=now)
    assert shown.overrides.blocks == []
    assert bob.pk in {user for block in shown.final for user in block.users}


def test_schedules_are_read_with_two_statements(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    alice, bob = cast.alice(), cast.bob()
    made = {cast.weekly(alice, bob, name=f"Schedule {n}").pk for n in range(3)}
    now = timezone.now()
    with django_assert_num_queries(2):
        assert queries.resolve(None, start=now, end=now + timedelta(days=9)).keys() == made
    with django_assert_num_queries(0):
        assert queries.resolve([], start=now, end=now + timedelta(days=9)) == {}
