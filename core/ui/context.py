"""The shell as templates see it. Nothing is asked of the database until a template shows it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.db import DatabaseError, connection
from django.db.models import QuerySet
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.functional import cached_property

from core.ui import shell as registry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.http import HttpRequest

log = logging.getLogger(__name__)

THEMES = ("system", "light", "dark")


@dataclass(frozen=True, slots=True)
class Link:
    """An entry of the navigation as it is drawn."""

    label: str
    icon: str
    url: str
    current: bool
    count: int = 0
    bad: bool = False
    key: str = ""
    tab: bool = False


class Shell:
    """Everything around a page: navigation, menu, watch, theme and the server's clock."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self._answers: dict[Callable[[Any], Any], Any] = {}

    @cached_property
    def person(self) -> Any | None:
        """The signed-in person, or None."""
        user = getattr(self.request, "user", None)
        return user if user is not None and user.is_authenticated else None

    @cached_property
    def links(self) -> list[tuple[str, Link]]:
        """Every entry of the navigation that leads somewhere, with its section."""
        known = [(item, url) for item in registry.nav() if (url := _resolve(item.url_name)) is not None]
        here = max((url for item, url in known if self._is_in(item, url)), key=len, default="")
        return [
            (
                item.section,
                Link(
                    item.label, item.icon, url, url == here, self._count(item), item.bad, item.key, item.tab
                ),
            )
            for item, url in known
        ]

    @cached_property
    def sections(self) -> list[tuple[str, list[Link]]]:
        """The navigation by section."""
        return [
            (section, [link for _, link in links])
            for section, links in groupby(self.links, key=lambda pair: pair[0])
        ]

    @cached_property
    def tabs(self) -> list[Link]:
        """The phone's bar: at most four entries, beside "More"."""
        return [link for _, link in self.links if link.tab][:4]

    @cached_property
    def menu(self) -> list[Link]:
        """The entries of the person's own menu."""
        return [
            Link(item.label, item.icon, url, url == self.request.path)
            for item in registry.menu()
            if (item.allowed is None or self._answer(item.allowed))
            and (url := _resolve(item.url_name)) is not None
        ]

    @cached_property
    def action(self) -> Link | None:
        """What is always at hand."""
        action = registry.action()
        url = _resolve(action.url_name) if action else None
        return Link(action.label, action.icon, url, current=False, key=action.key) if action and url else None

    @cached_property
    def duty(self) -> registry.Duty | None:
        """Whether the signed-in person is on call; never a reason for a page to fail."""
        return self._answer(registry.duty_of)

    @cached_property
    def mood(self) -> registry.Mood:
        """What the tab of the signed-in person shows; never a reason for a page to fail."""
        return next((mood for mood, holds in registry.moods() if self._counts.get(holds)), registry.Mood.CALM)

    @property
    def theme(self) -> str:
        """light, dark, or system."""
        chosen = self.request.COOKIES.get("theme", "system")
        return chosen if chosen in THEMES else "system"

    @property
    def now(self) -> str:
        """The server's clock, by which the page's clocks run."""
        return timezone.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    @property
    def zone(self) -> str:
        """The time zone in which this page shows its times."""
        return timezone.get_current_timezone_name()

    @property
    def csrf_cookie(self) -> str:
        """The cookie from which scripts read the token at the moment of sending."""
        return settings.CSRF_COOKIE_NAME

    def _is_in(self, item: registry.NavItem, url: str) -> bool:
        return any(place and self._is_under(place) for place in (url, *map(_resolve, item.also)))

    def _is_under(self, url: str) -> bool:
        path = self.request.path
        return path == url or (url != "/" and path.startswith(url))

    def _count(self, item: registry.NavItem) -> int:
        return (self._counts.get(item.counter) or 0) if item.counter else 0

    @cached_property
    def _counts(self) -> dict[Callable[[Any], Any], Any]:
        """What stands beside the entries and in the tab: rows that apps name are counted together, in one statement."""
        asked: list[Callable[[Any], Any]] = [item.counter for item in registry.nav() if item.counter]
        asked += [holds for _, holds in registry.moods()]
        answers = {question: self._answer(question) for question in dict.fromkeys(asked)}
        rows = {question: found for question, found in answers.items() if isinstance(found, QuerySet)}
        return {**answers, **_counted(rows)}

    def _answer(self, question: Callable[[Any], Any]) -> Any | None:
        """What an app says of the signed-in person; asked once a page, and None for a stranger."""
        if self.person is not None and question not in self._answers:
            self._answers[question] = _ask(question, self.person)
        return self._answers.get(question)


def _counted(rows: Mapping[Callable[[Any], Any], QuerySet[Any]]) -> dict[Callable[[Any], Any], int]:
    """Count several tables with one statement; a fault costs the numbers, not the page."""
    counts = dict.fromkeys(rows, 0)
    parts: dict[Callable[[Any], Any], str] = {}
    given: list[Any] = []
    for question, found in rows.items():
        try:
            sql, parameters = found.order_by().values("pk").query.sql_with_params()
        except EmptyResultSet:
            continue
        parts[question] = f"(select count(*) from ({sql}) rows)"  # noqa: S608 - Django wrote it
        given += parameters
    if parts:
        try:
            with connection.cursor() as cursor:
                cursor.execute(f"select {', '.join(parts.values())}", given)
                counts |= zip(parts, cursor.fetchone() or (), strict=True)
        except DatabaseError:
            log.exception("the shell could not count")
    return counts


def shell(request: HttpRequest) -> dict[str, Shell]:
    """Put the shell into every template's context."""
    return {"shell": Shell(request)}


def _resolve(url_name: str) -> str | None:
    try:
        return reverse(url_name)
    except NoReverseMatch:
        return None


def _ask(question: Callable[[Any], Any], person: Any) -> Any | None:
    """Ask an app; a fault there costs the answer, not the page."""
    try:
        return question(person)
    except Exception:
        log.exception("the shell could not ask %s", getattr(question, "__qualname__", question))
        return None
