from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core.cache import cache
from rest_framework.test import APIClient

from core.tokens import operations

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.accounts.models import User

Caller = "Callable[..., APIClient]"


@pytest.fixture(autouse=True)
def _nothing_is_counted_yet() -> None:
    cache.clear()


@pytest.fixture
def as_token() -> Callable[..., APIClient]:
    """A client that calls with a new token of this person."""

    def make(user: User, *scopes: str) -> APIClient:
        _, secret = operations.create(user, name="test", scopes=scopes or ["read", "write", "page", "admin"])
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
        return client

    return make
