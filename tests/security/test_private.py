"""What a private incident holds is read by its members alone, at whatever address somebody looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import transaction
from django.test import Client

from core.accounts.models import User
from incidents.lifecycle import operations as lifecycle
from incidents.updates import operations as updates
from tests import cast
from tests.security.addresses import all_of_them
from tests.security.values import Values, browser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from incidents.models import Incident

pytestmark = pytest.mark.django_db
WORDS = (
    "kestrelcanary",
    "heroncanary",
    "plovercanary",
    "terncanary",
    "knotcanary",
    "ibiscanary",
    "wrencanary",
)


@pytest.fixture(scope="module")
def secret(values: Values) -> Incident:
    """A private incident of one person, with a word in everything that can be written about it."""
    title, impact, hypothesis, note, update, correction, task = WORDS
    lead = values.responder
    found = lifecycle.declare(
        title=f"{title} leaked", actor=lead, severity=cast.severity("SEV1"), private=True, services=()
    )
    lifecycle.set_picture(found, impact=f"{impact} customers", hypothesis=f"{hypothesis} theory", actor=lead)
    lifecycle.add_entry(found, kind="note", text=f"{note} seen", actor=lead)
    updates.publish(found, audience="internal", text=f"{update} told", actor=lead)
    cast.task(f"Revoke {task}", of=found, by=lead)
    lifecycle.correct(found, changes={"title": f"{title} {correction}"}, actor=lead)
    return found


def addresses(values: Values, secret: Incident) -> Iterator[str]:
    """Every address, those of incidents with the private one in them."""
    for address in all_of_them():
        if address.name == "live:stream":
            continue
        yield from values.urls(address)
        if "number" in address.parameters or address.pattern.startswith("/api/v1/incidents/{"):
            number = f"INC-{secret.number}" if address.pattern.startswith("/incidents/") else secret.number
            filled = dict.fromkeys(address.parameters, "1") | {
                "number": number,
                "ref": f"INC-{secret.number}",
            }
            filled |= {"what": "severity", "role": "commander", "incident": f"INC-{secret.number}"}
            if "/tasks/" in address.pattern:
                filled |= dict.fromkeys(("pk", "ref"), secret.tasks.earliest("pk").pk)
            yield address.filled(filled)
    yield "/api/v1/incidents/?search=leaked"
    yield "/incidents/?q=leaked"
    yield f"/audit/?name=incident.corrected&actor={values.responder.pk}"


@pytest.mark.parametrize("who", ["nobody", "viewer", "colleague", "admin"])
def test_nobody_else_finds_a_word_of_it(values: Values, secret: Incident, who: str) -> None:
    person = {
        "viewer": values.viewer,
        "admin": values.admin,
        "colleague": User.objects.filter(role="responder").exclude(pk=values.responder.pk).first(),
    }.get(who)
    client = Client() if person is None else browser(Client(), person)
    seen = 0
    for url in addresses(values, secret):
        with transaction.atomic():
            answer = client.get(url)
            content = answer.content.decode(errors="replace") if not answer.streaming else ""
            transaction.set_rollback(True)
        assert not [word for word in WORDS if word in content], url
        seen += 1
    assert seen > 300


def test_its_member_finds_every_word(values: Values, secret: Incident) -> None:
    client = browser(Client(), values.responder)
    room = client.get(f"/incidents/INC-{secret.number}/").content.decode()
    assert [word for word in WORDS if word not in room] == []


@pytest.mark.parametrize("path", ["/incidents/INC-{number}/", "/api/v1/incidents/INC-{number}/"])
def test_hidden_and_absent_are_the_same_answer(values: Values, secret: Incident, path: str) -> None:
    client = browser(Client(), values.viewer)
    hidden = client.get(path.format(number=secret.number))
    absent = client.get(path.format(number=secret.number + 1))
    assert hidden.status_code == absent.status_code == 404
    drop = ("Date", "X-Request-Id")
    assert {k: v for k, v in hidden.items() if k not in drop} == {
        k: v for k, v in absent.items() if k not in drop
    }
