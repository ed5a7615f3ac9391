"""Two transactions that wait for each other: the one that the database ends is done once more."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import psycopg.errors
from django.db import OperationalError, connection, transaction

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
R = TypeVar("R")

TRIES = 3


def steadily(operation: Callable[P, R]) -> Callable[P, R]:
    """Run in one transaction, once more when two of them waited for each other.

    Inside of another transaction that one has to be run again: it raises.
    """

    @wraps(operation)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        for _ in range(TRIES - 1):
            try:
                with transaction.atomic():
                    return operation(*args, **kwargs)
            except OperationalError as error:
                if connection.in_atomic_block or not isinstance(
                    error.__cause__, psycopg.errors.DeadlockDetected
                ):
                    raise
        with transaction.atomic():
            return operation(*args, **kwargs)

    return run
