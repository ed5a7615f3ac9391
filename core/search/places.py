"""The entries of the navigation and of a person's menu as something to go to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import NoReverseMatch, reverse

from core.search.registry import Hit
from core.ui import shell

if TYPE_CHECKING:
    from core.accounts.models import User
    from core.search.rules import Query


def find(user: User, query: Query, most: int) -> list[Hit]:
    """Give the places whose name has each word."""
    words = [word.lower() for word in query.words]
    known = [(item.label, item.url_name) for item in shell.nav()]
    known += [
        (item.label, item.url_name) for item in shell.menu() if item.allowed is None or item.allowed(user)
    ]
    if action := shell.action():
        known.insert(0, (action.label, action.url_name))
    named = [(label, address) for label, address in known if all(word in label.lower() for word in words)]
    return [Hit(label, url) for label, name in named if (url := _resolve(name))][:most]


def _resolve(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
