from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import time_machine

from oncall.schedules import operations as schedules
from tests import cast
from tests.oncall.swaps.weeks import NOW, weekly

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.accounts.models import User
    from oncall.models import Schedule


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=True) as moving:
        yield moving


@pytest.fixture
def people() -> tuple[User, User, User]:
    return cast.alice(), cast.bob(), cast.carol()


@pytest.fixture
def schedule(people: tuple[User, User, User]) -> Schedule:
    alice, bob, carol = people
    # 46 weeks after the start it is the turn of the second.
    layers = [weekly(carol, alice, bob)]
    return schedules.create(
        name="Payments", slug="payments", time_zone="UTC", team=cast.team(), layers=layers, actor=None
    )
