from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import time_machine

from tests import cast
from tests.oncall.imports.rendering import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.accounts.models import User


@pytest.fixture
def october() -> Iterator[time_machine.Traveller]:
    """The day on which the exports were asked for."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def people() -> dict[str, User]:
    """Everybody of the exports but Vera, with the addresses that they have there."""
    return {name: cast.person(name.title()) for name in ("alice", "bob", "carol", "mona", "ada")}


@pytest.fixture
def vera(people: dict[str, User]) -> User:
    people["vera"] = cast.person("Vera")
    return people["vera"]
