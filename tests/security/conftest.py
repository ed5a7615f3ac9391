from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core.cache import cache
from django.db import connection, transaction

from config.demo import company as demo
from tests.security.values import Values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import DjangoDbBlocker


@pytest.fixture(scope="module")
def values(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Values]:
    """The sample company with its story, made once for a module and taken back at its end."""
    with django_db_blocker.unblock():
        cache.clear()
        block = transaction.atomic()
        block.__enter__()
        try:
            with connection.cursor() as cursor:
                cursor.execute("set local idle_in_transaction_session_timeout = 0")
            yield Values(demo.build())
        finally:
            transaction.set_rollback(True)
            block.__exit__(None, None, None)
