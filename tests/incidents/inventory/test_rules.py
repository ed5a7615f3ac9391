"""Files are read: references, both formats, and what is wrong with them."""

from __future__ import annotations

from typing import Any

import pytest

from incidents.inventory.rules import Link, Ref, Unreadable, parse_ref, read

BACKSTAGE = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: Payments_API
  title: Payments API
  description: Takes cards.
  annotations:
    watchbill.io/tier: "1"
    watchbill.io/runbook: https://wiki.example.com/pay
    backstage.io/source-location: url:https://git.example.com/pay
  links:
    - {url: "https://graphs.example.com/", title: Golden signals, icon: dashboard}
    - {url: "javascript:alert(1)", title: Trap}
spec:
  lifecycle: deprecated
  owner: group:payments
  system: paying
  dependsOn: [resource:default/ledger-db, component:auth]
  consumesApis: [fraud]
  providesApis: [pay-api]
---
kind: System
metadata: {name: paying, annotations: {watchbill.io/customers-say: I cannot pay.}}
spec: {owner: payments}
---
kind: Group
metadata: {name: payments}
spec: {profile: {displayName: Payments people}}
---
kind: Template
metadata: {name: new-service}
"""


@pytest.mark.parametrize(
    ("given", "context", "ref"),
    [
        ("component:default/pay", {}, "component:default/pay"),
        ("API:EU/Pay", {}, "api:eu/pay"),
        ("pay", {"kind": "group"}, "group:default/pay"),
        ("eu/pay", {"kind": "group"}, "group:eu/pay"),
        ("resource:db", {"kind": "component", "namespace": "eu"}, "resource:eu/db"),
        ({"kind": "Group", "name": "pay"}, {}, "group:default/pay"),
        ({"name": "pay", "namespace": "eu"}, {"kind": "system"}, "system:eu/pay"),
    ],
)
def test_a_reference_is_read_as_backstage_documents_it(given: Any, context: dict[str, str], ref: str) -> None:
    assert str(parse_ref(given, **context)) == ref


@pytest.mark.parametrize(
    "given",
    ["pay", "", ":pay", "component:", "component:/pay", "component:a/b/c", "a:b:c", 7, None, {"kind": "x"}],
)
def test_what_is_no_reference_is_refused(given: Any) -> None:
    with pytest.raises(ValueError, match=r"reference|names no|cannot be"):
        parse_ref(given)


def test_the_address_of_another_namespace_begins_with_it() -> None:
    assert (Ref("component", "default", "a_b.c").slug, Ref("api", "eu", "pay").slug) == ("a-b-c", "eu-pay")


def test_entities_of_backstage_are_read() -> None:
    component, system, group, template = read(BACKSTAGE)
    assert (component.line, system.line, group.line, template.line) == (1, 22, 26, 30)
    assert str(component.ref) == "component:default/payments_api"
    assert component.given.said() == {
        "name": "Payments API",
        "description": "Takes cards.",
        "tier": 1,
        "is_being_replaced": True,
    }
    assert component.owner == "payments"
    assert [str(ref) for ref in component.needs] == [
        "resource:default/ledger-db",
        "component:default/auth",
        "api:default/fraud",
    ]
    assert [str(ref) for ref in component.needed_by] == ["api:default/pay-api", "system:default/paying"]
    assert component.links == [
        Link("runbook", "Runbook", "https://wiki.example.com/pay"),
        Link("repository", "Repository", "https://git.example.com/pay"),
        Link("dashboard", "Golden signals", "https://graphs.example.com/"),
    ]
    assert component.left_out == ["the link “Trap”, as “javascript:alert(1)” is no web address"]
    assert (system.given.kind, system.given.customers_say) == ("business", "I cannot pay.")
    assert (group.is_team, group.given.name) == (True, "Payments people")
    assert template.wrong == ["A Template has no place here: Component, Resource, API, System, Group do."]


def test_watchbills_own_file_is_read() -> None:
    text = """\
services:
  - name: Payments API
    team: payments
    tier: 1
    kind: technical
    is_being_replaced: yes
    depends_on: [ledger-db]
    links: [{kind: logs, label: Logs, url: "https://logs.example.com/"}]
    colour: red
  - slug: Ledger DB
    tier: one
"""
    first, second = read(text)
    assert (first.line, first.ref.slug, first.owner, first.is_whole) == (2, "payments-api", "payments", True)
    assert first.given.said() == {
        "name": "Payments API",
        "kind": "technical",
        "tier": 1,
        "is_being_replaced": True,
    }
    assert [ref.slug for ref in first.needs] == ["ledger-db"]
    assert first.left_out == ["“colour”, which is not known"]
    assert (second.line, len(second.wrong)) == (10, 2)
    assert "A tier is 1, 2 or 3, not “one”." in second.wrong


def test_one_entity_twice_is_refused_the_second_time() -> None:
    twice = read("services: [{name: A}, {name: A}]")
    assert [entry.wrong for entry in twice] == [[], ["It stands in line 1 already."]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "There is nothing in it"),
        ("- a\n- b", "Line 1: a document is an object"),
        ("a: b", "Line 1: neither “services:” nor “kind:” stands there."),
        ("services: 7", "Line 1: “services:” is a list."),
        ("services:\n  - name: [", "Line 3: this is no YAML"),
        ("a: &a [x]\nb: *a", r"Line 2: aliases \(\*a\) are not read"),
        ("services: " + "[" * 100, "Line 1: it is nested more than 20 deep."),
        ("services: [" + "a," * 60_000 + "]", "there is too much in it"),
        ("x" * 500_001, "larger than 500 kB"),
        ("services: [" + ", ".join(f"{{name: a{n}}}" for n in range(1001)) + "]", "more than 1000 entries"),
    ],
)
def test_what_is_no_catalog_is_refused_with_its_line(text: str, said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        read(text)


def test_no_value_becomes_code_a_date_or_a_number() -> None:
    (entry,) = read("services: [{name: 2026-01-01, description: !!python/object/apply:os.getcwd []}]")
    assert entry.given.name == "2026-01-01"
    assert entry.wrong == ["The description is a text."]
