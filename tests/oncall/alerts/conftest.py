from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from oncall.alerts.accept import recovery, store
from tests.oncall.alerts.door import Door

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_django import Settings


@pytest.fixture(scope="package")
def running_door(django_db_setup: None) -> Iterator[Door]:
    """A server for these tests alone: it drains whatever spool it finds, that of other tests too."""
    server = Door().start()
    yield server
    server.stop()


@pytest.fixture
def spool(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A spool of the test's own, empty and without keys."""
    monkeypatch.setattr(recovery, "_is_away", False)
    settings.SPOOL_DIR = tmp_path / "spool"
    return tmp_path / "spool"


@pytest.fixture
def door(
    running_door: Door, transactional_db: None, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Door]:
    """The product's ingest, as its senders reach it; what it still has to write is written before the next test."""
    monkeypatch.setattr(store, "NOTE_EVERY_SECONDS", 0.02)
    yield running_door
    running_door.settle()
