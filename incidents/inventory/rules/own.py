"""Watchbill's own file: `services:` with a list of them, by the names that the API uses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from incidents.inventory.rules import fields
from incidents.inventory.rules.entries import Entry, Given
from incidents.inventory.rules.refs import plain

KNOWN = {
    "slug", "name", "team", "kind", "tier", "description", "customers_say", "is_being_replaced", "is_active",
    "depends_on", "links",
}  # fmt: skip
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,58}[a-z0-9])?")


def entry(given: Any, *, line: int) -> Entry:
    """Read one service."""
    if not isinstance(given, Mapping):
        return Entry(line, plain("?"), wrong=["A service is an object with a name."])
    name = given.get("name")
    slug = given.get("slug") or re.sub(r"[^a-z0-9]+", "-", str(name or "").lower()).strip("-")[:60]
    made = Entry(line, plain(str(slug)[:60]), is_whole=True)
    if not isinstance(slug, str) or not _SLUG.fullmatch(slug):
        made.wrong.append("It has neither a name nor a slug of small letters, digits and hyphens.")
    made.given = Given(
        name=fields.text(made, name, "name", most=80) or None,
        kind=fields.choice(made, given.get("kind"), "kind", among=("technical", "business")),
        description=fields.text(made, given.get("description"), "description", most=5000),
        customers_say=fields.text(made, given.get("customers_say"), "sentence of customers", most=200),
        tier=fields.tier(made, given.get("tier")),
        is_being_replaced=fields.yes(made, given.get("is_being_replaced"), "is_being_replaced"),
        is_active=fields.yes(made, given.get("is_active"), "is_active"),
    )
    made.owner = fields.text(made, given.get("team"), "team", most=60) or None
    made.says_needs, made.says_links = "depends_on" in given, "links" in given
    for other in fields.listed(made, given.get("depends_on"), "depends_on"):
        if isinstance(other, str) and _SLUG.fullmatch(other):
            made.needs.append(plain(other))
        else:
            made.wrong.append(f"“{str(other)[:60]}” in “depends_on” is no slug of a service.")
    for row in fields.listed(made, given.get("links"), "links"):
        one = fields.section(made, row, "links")
        kind = fields.choice(made, one.get("kind"), "kind of a link", among=fields.KINDS) or "document"
        fields.link(made, kind=kind, label=one.get("label"), url=one.get("url"))
    unknown = sorted(set(given) - KNOWN)
    made.left_out += [f"“{str(key)[:40]}”, which is not known" for key in unknown[:5]]
    return made
