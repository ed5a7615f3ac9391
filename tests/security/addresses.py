"""Every address of the product, with real things to put into it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.schemas.generators import EndpointEnumerator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Address:
    """One route: its name, its pattern with `{parameters}`, and its view."""

    name: str
    pattern: str
    view: Callable[..., Any]

    @property
    def is_api(self) -> bool:
        return hasattr(self.view, "cls")

    @property
    def is_admin(self) -> bool:
        return self.pattern.startswith("/admin/")

    @property
    def is_public(self) -> bool:
        return not self.is_api and not getattr(self.view, "login_required", True)

    @property
    def parameters(self) -> list[str]:
        return re.findall(r"{(\w+)}", self.pattern)

    def filled(self, values: Mapping[str, object]) -> str:
        return re.sub(r"{(\w+)}", lambda found: str(values[found[1]]), self.pattern)


@cache
def all_of_them() -> list[Address]:
    """Every route that Django serves, in the order of the URLconf."""
    return list(_walk(get_resolver().url_patterns, "/", ""))


def _walk(patterns: list[URLPattern | URLResolver], prefix: str, space: str) -> Iterator[Address]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern).lstrip("^")
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from _walk(pattern.url_patterns, path, inner)
        else:
            plain = EndpointEnumerator().get_path_from_regex(path.replace("\\Z", "$"))
            yield Address(f"{space}{pattern.name}", plain, pattern.callback)
