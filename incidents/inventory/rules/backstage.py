"""Backstage's entities, and what becomes of them.

Component, Resource and API become services, a System a business service that needs its parts, a Group a team.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from incidents.inventory.rules import fields
from incidents.inventory.rules.entries import Entry, Given
from incidents.inventory.rules.refs import DEFAULT, Ref, parse_ref

if TYPE_CHECKING:
    from collections.abc import Mapping

SERVICES = ("component", "resource", "api", "system")
OURS = "watchbill.io/"
WORDS = (
    ("runbook", ("runbook", "playbook")),
    ("dashboard", ("dashboard", "grafana")),
    ("logs", ("log",)),
    ("traces", ("trace", "tracing")),
    ("metrics", ("metric", "monitor")),
    ("events", ("event",)),
    ("repository", ("github", "gitlab", "bitbucket", "repo", "source")),
    ("chat", ("chat", "slack", "channel")),
)
"""Words of the type, icon or title of a link that say what it is."""


def entries(given: Mapping[str, Any], *, line: int) -> list[Entry]:
    """Read one entity; what has no place here is nothing but its line, with the reason."""
    metadata = given.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    try:
        ref = parse_ref(
            {
                "kind": given.get("kind"),
                "namespace": metadata.get("namespace"),
                "name": metadata.get("name"),
            }
        )
    except ValueError as error:
        return [Entry(line, Ref("unknown", DEFAULT, "?"), wrong=[str(error)])]
    made = Entry(line, ref)
    spec = fields.section(made, given.get("spec"), "spec")
    if ref.kind == "group":
        profile = fields.section(made, spec.get("profile"), "profile")
        words = profile.get("displayName") or metadata.get("title") or metadata.get("name")
        made.given.name = fields.text(made, words, "name", most=80)
        return [made]
    if ref.kind not in SERVICES:
        made.wrong.append(
            f"A {str(given.get('kind'))[:40]} has no place here: Component, Resource, API, System, Group do."
        )
        return [made]
    _describe(made, metadata, spec)
    _relate(made, spec)
    return [made]


def _describe(made: Entry, metadata: Mapping[str, Any], spec: Mapping[str, Any]) -> None:
    notes = fields.section(made, metadata.get("annotations"), "annotations")
    kind = "business" if made.ref.kind == "system" else None
    made.given = Given(
        name=fields.text(made, metadata.get("title") or metadata.get("name"), "name", most=80),
        kind=fields.choice(made, notes.get(f"{OURS}kind"), "kind", among=("technical", "business")) or kind,
        description=fields.text(made, metadata.get("description"), "description", most=5000),
        customers_say=fields.text(made, notes.get(f"{OURS}customers-say"), "sentence of customers", most=200),
        tier=fields.tier(made, notes.get(f"{OURS}tier")),
        is_being_replaced=spec["lifecycle"] == "deprecated" if spec.get("lifecycle") else None,
    )
    made.owner = _owner(made, spec.get("owner"))
    if runbook := notes.get(f"{OURS}runbook"):
        fields.link(made, kind="runbook", label="Runbook", url=runbook)
    source = str(notes.get("backstage.io/source-location") or "")
    if source.startswith("url:"):
        fields.link(made, kind="repository", label="Repository", url=source.removeprefix("url:"))
    for row in fields.listed(made, metadata.get("links"), "links"):
        one = fields.section(made, row, "links")
        fields.link(made, kind=_kind(one), label=one.get("title"), url=one.get("url"))


def _owner(made: Entry, given: Any) -> str | None:
    if given is None:
        return None
    try:
        ref = parse_ref(given, kind="group", namespace=made.ref.namespace)
    except ValueError as error:
        made.wrong.append(str(error))
        return None
    if ref.kind != "group":
        made.wrong.append(f"Its owner {ref} is no group, and a team owns a service.")
    return ref.slug


def _kind(link: Mapping[str, Any]) -> str:
    for key in ("type", "icon", "title"):
        said = str(link.get(key) or "").lower()
        for kind, words in WORDS:
            if any(word in said for word in words):
                return kind
    return "document"


def _relate(made: Entry, spec: Mapping[str, Any]) -> None:
    for key, kind in (("dependsOn", None), ("consumesApis", "api")):
        made.needs += _refs(made, spec, key, kind)
    for key, kind in (("dependencyOf", None), ("providesApis", "api")):
        made.needed_by += _refs(made, spec, key, kind)
    if spec.get("system") is not None:
        made.needed_by += _refs(made, {"system": [spec["system"]]}, "system", "system")
    made.says_needs = made.says_links = True


def _refs(made: Entry, spec: Mapping[str, Any], key: str, kind: str | None) -> list[Ref]:
    found = []
    for given in fields.listed(made, spec.get(key), key):
        try:
            found.append(parse_ref(given, kind=kind, namespace=made.ref.namespace))
        except ValueError as error:
            made.left_out.append(f"in “{key}”: {error}")
    return found
