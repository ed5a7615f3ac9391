from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.stories.replay import played

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.plugin import DjangoDbBlocker


@pytest.fixture(scope="session")
def play(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Callable[..., Any]:
    """What plays a story: `play(day, begin, story)`."""
    return partial(played, django_db_blocker)
