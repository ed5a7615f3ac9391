from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from incidents.inventory.rules.refs import Ref


class Unreadable(Exception):
    """The file as a whole is no catalog."""


@dataclass(frozen=True, slots=True)
class Link:
    """Something to open, with its kind as the catalog names it."""

    kind: str
    label: str
    url: str


@dataclass(slots=True)
class Given:
    """What an entry says of a service. None was not said, and stays as it is."""

    name: str | None = None
    kind: str | None = None
    description: str | None = None
    customers_say: str | None = None
    tier: int | None = None
    is_being_replaced: bool | None = None
    is_active: bool | None = None

    def said(self) -> dict[str, str | int | bool]:
        """Give what was said."""
        every = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in every.items() if value is not None}


@dataclass(slots=True)
class Entry:
    """A service or a team of the file: the line on which it begins, what is said of it, and what is wrong with it.

    With `is_whole` it says all of its dependencies and links, and what else there is is taken away; otherwise they are
    added. `needed_by` are those that need it.
    """

    line: int
    ref: Ref
    given: Given = field(default_factory=Given)
    owner: str | None = None
    needs: list[Ref] = field(default_factory=list)
    needed_by: list[Ref] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    is_whole: bool = False
    says_needs: bool = False
    says_links: bool = False
    wrong: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    @property
    def is_team(self) -> bool:
        """Whether it is a team."""
        return self.ref.kind == "group"
