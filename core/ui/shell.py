"""What stands around every page. Apps register their entries in `AppConfig.ready()`; core imports none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.db.models import QuerySet

# A person is whatever `request.user` is: core.ui stands below accounts and does not import its model.
# Rows are counted together with those of the other entries, in one statement.
Counter = Callable[[Any], "int | QuerySet[Any]"]


class Section(StrEnum):
    """The phases of incident work, in the order in which the navigation shows them."""

    RESPOND = "Respond"
    PREPARE = "Prepare"
    LEARN = "Learn"
    TELL = "Tell"


@dataclass(frozen=True, slots=True)
class NavItem:
    """One entry of the navigation. It is shown only while `url_name` resolves.

    `counter` gives the number beside it, or the rows to count (0 shows none), `bad` paints that number as something
    waiting for a person, `key` is the letter after `G` that goes there, `tab` puts it into the phone's bar,
    `also` names other addresses that stand under it.
    """

    section: str
    label: str
    icon: str
    url_name: str
    order: int
    counter: Counter | None = None
    bad: bool = False
    key: str = ""
    tab: bool = False
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MenuItem:
    """One entry of the person's own menu, shown while `url_name` resolves and `allowed` agrees."""

    label: str
    icon: str
    url_name: str
    order: int
    allowed: Callable[[Any], bool] | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """The one thing that is always at hand, on every page and under its key."""

    label: str
    icon: str
    url_name: str
    key: str


@dataclass(frozen=True, slots=True)
class Duty:
    """What the foot of the rail says about the person's own watch."""

    title: str
    text: str
    url: str = ""
    on_call: bool = True


class Mood(StrEnum):
    """What the icon of the tab says, from the least to the worst."""

    CALM = "calm"
    INCIDENT = "incident"
    PAGING = "paging"

    @property
    def icon(self) -> str:
        """The static file that draws it."""
        return "favicon.svg" if self is Mood.CALM else f"favicon-{self}.svg"


_nav: dict[str, NavItem] = {}
_menu: dict[str, MenuItem] = {}
_duty: list[Callable[[Any], Duty | None]] = []
_action: list[Action] = []
_moods: dict[Mood, Callable[[Any], object]] = {}


def add_nav(item: NavItem) -> None:
    """Put an entry into the navigation; the same address again replaces it."""
    _nav[item.url_name] = item


def add_menu(item: MenuItem) -> None:
    """Put an entry into the person's menu; the same address again replaces it."""
    _menu[item.url_name] = item


def set_duty(find: Callable[[Any], Duty | None]) -> None:
    """Name the function that says whether a person is on call; None shows no box."""
    _duty[:] = [find]


def set_action(action: Action) -> None:
    """Name the action that is always at hand."""
    _action[:] = [action]


def set_mood(mood: Mood, holds: Callable[[Any], object]) -> None:
    """Name the function that says whether this holds for a person, as the counter of an entry does."""
    _moods[mood] = holds


def nav() -> list[NavItem]:
    """Give the registered navigation in the order it is shown."""
    sections = [section.value for section in Section]
    return sorted(_nav.values(), key=lambda item: (sections.index(item.section), item.order, item.label))


def menu() -> list[MenuItem]:
    """Give the registered entries of the person's menu in order."""
    return sorted(_menu.values(), key=lambda item: (item.order, item.label))


def duty_of(user: Any) -> Duty | None:
    """Say whether this person is on call, as the registered function has it."""
    return _duty[0](user) if _duty else None


def moods() -> list[tuple[Mood, Callable[[Any], object]]]:
    """Give what the tab may show and the function that says whether it holds, the worst first."""
    return [(mood, _moods[mood]) for mood in reversed(Mood) if mood in _moods]


def action() -> Action | None:
    """Give the action that is always at hand, if one is registered."""
    return _action[0] if _action else None
