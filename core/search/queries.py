from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import and_, or_
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import Q
from django.utils.html import format_html, format_html_join

from core.search import registry, rules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models.expressions import Combinable
    from django.utils.safestring import SafeString

    from core.accounts.models import User

CONFIG = "simple"
"""Words as they are written, in any language; their beginnings are enough."""


@dataclass(frozen=True, slots=True)
class Found:
    """A hit, and the words that were looked for, which its name and its excerpt mark."""

    hit: registry.Hit
    words: Sequence[str]

    @property
    def title(self) -> SafeString:
        """Its name as HTML."""
        return _html(rules.marked(self.hit.title, self.words))

    @property
    def excerpt(self) -> SafeString:
        """Where its words stand, as HTML."""
        return _html(rules.marked(self.hit.excerpt, self.words))


def _html(parts: rules.Marked) -> SafeString:
    shown = (
        (format_html('<b class="hit">{}</b>', text) if is_wanted else text,) for text, is_wanted in parts
    )
    return format_html_join("", "{}", shown)


@dataclass(frozen=True, slots=True)
class Group:
    """What was found of one kind."""

    source: registry.Source
    found: Sequence[Found]


def search(user: User, query: rules.Query, *, each: int, kind: str = "") -> list[Group]:
    """Give at most `each` things of each kind that this person may know of; kinds without any are left out."""
    groups = []
    for source in registry.sources():
        if (
            query.is_empty
            or kind not in {"", source.kind}
            or not source.operators.issuperset(query.operators)
        ):
            continue
        found = [Found(hit, query.words) for hit in source.find(user, query, each)[:each]]
        if found:
            groups.append(Group(source, found))
    return groups


def vector(*fields: str) -> SearchVector:
    """The words of these fields, as their index has them."""
    return SearchVector(*fields, config=CONFIG)


def beginning(word: str) -> Combinable | None:
    """A full-text query for what begins with a word as it was typed; None for one without a letter or digit."""
    if not rules.tokens(word):
        return None
    # In quotes it is taken apart as the texts are: db-7 is "db" and "-7" for Postgres.
    quoted = word.replace("\\", "\\\\").replace("'", "''")
    return SearchQuery(f"'{quoted}':*", search_type="raw", config=CONFIG)


def contains(words: Sequence[str], *fields: str) -> Q:
    """Rows of a small table in which each word stands in one of the fields."""
    return reduce(and_, (_in_any(word, fields) for word in words), Q())


def _in_any(word: str, fields: Sequence[str]) -> Q:
    return reduce(or_, (Q(**{f"{name}__icontains": word}) for name in fields))


def between(query: rules.Query, name: str) -> Q:
    """Rows whose time lies in the days that `after` and `before` name: from the one on, and before the other."""
    asked: dict[str, Any] = {}
    if since := query.day("after"):
        asked[f"{name}__date__gte"] = since
    if until := query.day("before"):
        asked[f"{name}__date__lt"] = until
    return Q(**asked)
