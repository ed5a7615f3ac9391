"""Every operation, called with what the schema allows and with what it does not: no fault, nothing undocumented."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zlib import crc32

import pytest
import schemathesis
from django.core.cache import cache
from django.db import transaction
from django.test.client import ClientHandler
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from core.accounts.models import Membership, User
from core.tokens import operations
from tests import cast
from tests.profiles import EXAMPLES

if TYPE_CHECKING:
    from collections.abc import Callable

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
ROLES = ("viewer", "responder", "admin")
IS_PROOF = settings().max_examples > EXAMPLES["test"]
READING = ["GET", "HEAD"]


def few(examples: int) -> settings:
    """So many for each of over 300 operations, and in `make proof` more, with the bounds of each field on top."""
    return settings(
        max_examples=40 if IS_PROOF else examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


_django = ClientHandler(enforce_csrf_checks=False)


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """Django as a test calls it: on the test's own connection, inside its transaction."""
    response = _django(environ)
    start_response(f"{response.status_code} {response.reason_phrase}", list(response.items()))
    return [response.getvalue()]


contract = schemathesis.openapi.from_dict(
    SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
)
contract.app = application
# Fifty calls for each operation, and built anew in each process that only collects tests.
contract.config.phases.coverage.enabled = IS_PROOF


@pytest.fixture
def callers(db: None) -> dict[str, str]:
    """The token of a person of each role, with every scope; the company around them holds something to read."""
    cast.service()
    return {role: _token(role) for role in ROLES}


def _token(role: str) -> str:
    person = User.objects.create_user(f"{role}@example.com", None, name=role, role=role)
    Membership.objects.create(user=person, team=cast.team())
    return operations.create(person, name="contract", scopes=["read", "write", "page", "admin"])[1]


@contract.include(method=READING).parametrize()
@few(4)
def test_what_reads_keeps_the_contract(case: Any, callers: dict[str, str]) -> None:
    _check(case, callers)


@contract.exclude(method=READING).parametrize()
@few(8)
def test_what_writes_keeps_the_contract(case: Any, callers: dict[str, str]) -> None:
    _check(case, callers)


def _check(case: Any, callers: dict[str, str]) -> None:
    cache.clear()
    given = repr((case.path_parameters, case.query, case.body)).encode()
    role = ROLES[crc32(given) % len(ROLES)]  # by what is sent, so that a failure repeats
    with transaction.atomic():
        answer = case.call(headers={"Authorization": f"Bearer {callers[role]}"})
        transaction.set_rollback(True)
    case.validate_response(answer, checks=CHECKS)
