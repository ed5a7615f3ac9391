from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.oncall.alerts.door import Door

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def running_door(django_db_setup: None) -> Iterator[Door]:
    server = Door().start()
    yield server
    server.stop()


@pytest.fixture
def door(running_door: Door, transactional_db: None) -> Door:
    """The product's ingest, as its senders reach it."""
    return running_door
