from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.generators import SchemaGenerator
from rest_framework.permissions import SAFE_METHODS
from rest_framework.schemas.generators import EndpointEnumerator

from config import api_urls
from core.api import docs
from core.api.permissions import Denied
from core.api.views import ViewSet
from tests import cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.test import Client
    from rest_framework.test import APIClient

NOT_IN_THE_SCHEMA = {
    "/api/v1/schema/": "it is the schema",
    "/api/v1/docs/": "a page for people",
}


def described() -> dict[str, Any]:
    schema: dict[str, Any] = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
    return schema


def served(patterns: list[URLPattern | URLResolver], prefix: str = "/") -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern).lstrip("^")
        if isinstance(pattern, URLResolver):
            yield from served(pattern.url_patterns, path)
        else:
            yield EndpointEnumerator().get_path_from_regex(path), pattern


def routes() -> dict[str, URLPattern]:
    return {
        path: pattern for path, pattern in served(get_resolver().url_patterns) if path.startswith("/api/")
    }


def viewsets() -> list[type[ViewSet]]:
    return sorted({viewset for _, viewset, _ in api_urls.routes}, key=lambda viewset: viewset.__name__)


def test_every_route_and_method_is_in_the_schema_and_no_other() -> None:
    told = {
        (path, method.upper())
        for path, item in described()["paths"].items()
        for method in item
        if method in docs.METHODS
    }
    found = set()
    for path, pattern in routes().items():
        if path not in NOT_IN_THE_SCHEMA:
            actions = pattern.callback.actions  # type: ignore[attr-defined]
            found |= {(path, method.upper()) for method in actions if method != "head"}
    assert found == told


@pytest.mark.parametrize("viewset", viewsets(), ids=lambda viewset: viewset.__name__)
def test_every_resource_names_its_permission_and_its_fields(viewset: type[ViewSet]) -> None:
    named = {"permission_classes" in vars(cls) for cls in viewset.__mro__ if cls not in ViewSet.__mro__}
    assert True in named
    assert Denied not in viewset.permission_classes
    for extra in viewset.get_extra_actions():
        assert Denied not in getattr(extra, "kwargs", {}).get("permission_classes", [])
    meta = getattr(viewset.serializer_class, "Meta", None)
    assert meta is None or (meta.fields != "__all__" and not hasattr(meta, "exclude"))


def test_the_schema_is_valid_and_names_each_operation_once(tmp_path: Any) -> None:
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(tmp_path / "schema.yml"))
    schema = described()
    assert schema["openapi"] == "3.1.0"
    names = [
        item[method]["operationId"]
        for item in schema["paths"].values()
        for method in docs.METHODS
        if method in item
    ]
    assert len(names) == len(set(names))


def test_every_operation_says_how_it_fails_and_what_a_token_needs() -> None:
    for path, item in described()["paths"].items():
        for method in set(item) & set(docs.METHODS):
            told = item[method]
            assert {"400", "401", "403", "429"} <= set(told["responses"]), (method, path)
            if method.upper() not in SAFE_METHODS:
                assert {"404", "409", "412", "415"} <= set(told["responses"]), (method, path)
            assert re.search(r"Needs the scope `(read|write|page|admin)`", told["description"]), (
                method,
                path,
            )
            assert told["security"]


@pytest.mark.django_db
def test_the_schema_and_its_page_are_for_people_who_are_signed_in(
    client: Client, as_token: Callable[..., APIClient]
) -> None:
    alice = cast.alice()
    assert client.get("/api/v1/schema/").status_code == 401
    assert client.get("/api/v1/docs/").status_code == 302
    assert as_token(alice, "read").get("/api/v1/schema/").json()["openapi"] == "3.1.0"
    client.force_login(alice)
    page = client.get("/api/v1/docs/").content.decode()
    assert "/api/v1/users/me/" in page
    assert " style=" not in page
    assert "<script>" not in page
