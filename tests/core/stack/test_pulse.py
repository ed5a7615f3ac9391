import socket
from urllib.parse import urlsplit

import pytest
from django.db import connection
from pytest_django import Settings

from core.stack import pulse


@pytest.fixture(autouse=True)
def _own_database(settings: Settings, transactional_db: None) -> None:
    url = urlsplit(settings.DATABASE_URL)
    settings.DATABASE_URL = url._replace(path=f"/{connection.settings_dict['NAME']}").geturl()


def beat(name: str, kind: str, seconds_ago: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into outbox_workerbeat (name, kind, seen_at, drained_at)"
            " values (%s, %s, now(), now() - make_interval(secs => %s))",
            [name, kind, seconds_ago],
        )


@pytest.mark.parametrize(("seconds_ago", "code"), [(2, 0), (59, 0), (61, 1)])
def test_a_worker_is_well_while_it_drained_within_the_last_minute(seconds_ago: int, code: int) -> None:
    beat(f"pagerd {socket.gethostname()[:40]} 7", "pagerd", seconds_ago)
    assert pulse.main("pagerd") == code


def test_the_sign_of_another_host_or_kind_does_not_count() -> None:
    beat("pagerd elsewhere 7", "pagerd", 1)
    beat(f"celery {socket.gethostname()[:40]} 8", "celery", 1)
    assert pulse.main("pagerd") == 1
    assert pulse.main("celery") == 0


def test_without_a_database_nothing_is_well(settings: Settings) -> None:
    settings.DATABASE_URL = "postgresql://127.0.0.1:1/none"
    assert pulse.main("pagerd") == 1
