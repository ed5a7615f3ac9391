"""Celery carries nudges and must never hold the truth: the settings without which it would."""

import re
from pathlib import Path
from typing import Any

import pytest

from config.celery import BEAT, app

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("task_ignore_result", True),
        ("task_acks_late", True),
        ("task_reject_on_worker_lost", True),
        ("worker_prefetch_multiplier", 1),
        ("task_publish_retry", False),
        ("broker_connection_max_retries", None),
        ("task_time_limit", 30),
        ("worker_max_tasks_per_child", 1000),
        ("worker_soft_shutdown_timeout", 10),
        ("accept_content", ["json"]),
        ("result_backend", None),
    ],
)
def test_the_least_that_celery_must_be_told(name: str, value: Any) -> None:
    assert app.conf[name] == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("socket_connect_timeout", 0.5),
        ("socket_timeout", 2),
        ("max_retries", 0),
        ("visibility_timeout", 60),
        ("unacked_restore_throttle", 1),
    ],
)
def test_the_broker_never_holds_anybody_up(name: str, value: float) -> None:
    assert app.conf.broker_transport_options[name] == value


def test_every_poke_of_beat_spoils_before_the_next_matters() -> None:
    for name, entry in BEAT.items():
        options = entry["options"]
        assert isinstance(options, dict)
        assert 0 < options["expires"] <= 60, name


def sources() -> dict[str, str]:
    return {
        str(path.relative_to(ROOT)): path.read_text()
        for folder in ("config", "core", "incidents", "oncall", "statuspage", "postmortems")
        for path in (ROOT / folder).rglob("*.py")
    }


def test_nothing_waits_in_the_broker() -> None:
    waiting = re.compile(r"\b(eta|countdown)\s*=\s*[^=]|\.retry\(")
    assert [name for name, text in sources().items() if waiting.search(text)] == []


def test_one_place_publishes() -> None:
    publishing = re.compile(r"\.apply_async\(|\.delay\(|send_task\(")
    assert [name for name, text in sources().items() if publishing.search(text)] == ["config/celery.py"]
