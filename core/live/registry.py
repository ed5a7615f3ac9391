"""Who may hear what. Apps say it in `AppConfig.ready()`; a topic that nobody vouches for is silent."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.accounts.models import User

_allowed: dict[str, Callable[[User, str], bool]] = {}
_attended: set[str] = set()


def allow(prefix: str, may: Callable[[User, str], bool]) -> None:
    """Let `may(user, rest)` decide on the topics `prefix` (rest is empty) and `prefix-rest`."""
    _allowed[prefix] = may


def attend(prefix: str) -> None:
    """Let it be said of topics `prefix-rest` who has their page open, to all who may hear of them."""
    _attended.add(prefix)


def is_attended(topic: str) -> bool:
    """Say whether it is known of a topic who is there."""
    prefix, dash, rest = topic.partition("-")
    return prefix in _attended and bool(dash and rest)


def anybody(user: User, rest: str) -> bool:
    """Let everybody hear who may sign in; for topics that say nothing by themselves."""
    return not rest


def may_hear(user: User, topic: str) -> bool:
    """Say whether a person may hear of changes to this topic."""
    prefix, _, rest = topic.partition("-")
    may = _allowed.get(prefix)
    return may is not None and user.is_active and may(user, rest)
