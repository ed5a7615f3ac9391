"""What a private incident holds is read by its members alone, at whatever address somebody looks (X-20, X-21, X-26, X-28)."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.accounts.models import User
from core.tokens import operations as tokens
from incidents.models import Incident
from tests.security import canary
from tests.security.addresses import all_of_them
from tests.security.canary import BIRDS, WORDS, Canary
from tests.security.values import Values, browser

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db
DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "private-incidents.md"
EVERYWHERE = ("nobody", "viewer", "colleague", "admin")
WITH_TOKENS = {
    "token that reads": ["read"],
    "token that writes": ["read", "write", "page"],
    "token of an admin": ["read", "admin"],
}
CHANGING = r"[0-9A-Za-z]{32,}|[0-9a-f]{16}|INC-\d+|\d{4}-\d\d-\d\dT[\d:.]+"
INSIDE = ("former member", *WITH_TOKENS)
"""They look at what leads into the incident and at what one can ask for; the others at every address there is."""


@pytest.fixture(scope="module")
def secret(values: Values) -> Canary:
    return canary.plant(values)


def actor(who: str, values: Values, secret: Canary) -> Client:
    """Give the browser or the program of somebody who takes no part."""
    outsider = User.objects.filter(role="responder").exclude(pk__in=[secret.member.pk, secret.former.pk])
    if who in WITH_TOKENS:
        person = values.admin if "admin" in who else outsider.earliest("pk")
        _, key = tokens.create(person, name=who, scopes=WITH_TOKENS[who])
        return Client(headers={"Authorization": f"Bearer {key}"})
    people = {
        "viewer": values.viewer,
        "admin": values.admin,
        "former member": secret.former,
        "colleague": outsider.earliest("pk"),
    }
    return browser(Client(), people[who]) if who in people else Client()


def cells(who: str, values: Values, secret: Canary) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Give each look: method, address, headers."""
    program = who in WITH_TOKENS
    leading = [*secret.every(), *canary.asked(secret)]
    for url in leading:
        if program and not url.startswith("/api/"):
            continue
        yield "get", url, {}
        yield "head", url, {}
        yield ("options", url, {}) if url.startswith("/api/") else ("get", url, {"HX-Request": "true"})
    if who in EVERYWHERE:
        for address in all_of_them():
            if address.name != "live:stream":
                yield from (("get", url, {}) for url in values.urls(address))


def look(client: Client, method: str, url: str, headers: dict[str, str]) -> Any:
    """Look without a trace."""
    with transaction.atomic():
        answer = getattr(client, method)(url, headers=headers)
        content = b"" if answer.streaming else answer.content
        transaction.set_rollback(True)
    return answer.status_code, content.decode(errors="replace"), f"{dict(answer.items())}"


@pytest.mark.timeout(240)
@pytest.mark.parametrize("who", [*EVERYWHERE, *INSIDE])
def test_nobody_else_finds_a_word_of_it(values: Values, secret: Canary, who: str) -> None:
    client, seen = actor(who, values, secret), 0
    for method, url, headers in cells(who, values, secret):
        status, content, head = look(client, method, url, headers)
        asked_for = {word for word in WORDS.values() if word in url}
        found = {word for word in WORDS.values() if word in content or word in head}
        assert found <= asked_for, (who, method, url, status, found)
        if asked_for:
            # What somebody typed stands in the field; nothing was found by it.
            assert all(f"{word} leaked" not in content for word in found), (who, method, url)
        seen += 1
    published = {name: int(count.replace(",", "")) for name, count in _published()}
    assert seen >= published[who], f"{who}: {seen} looks; docs/private-incidents.md says {published[who]}"
    assert seen <= published[who] * 1.5, f"{who}: {seen} looks: write that into docs/private-incidents.md"


def _published() -> list[tuple[str, str]]:
    return re.findall(r"^\| ([a-z ]+) \| ([\d,]+) \|", DOCUMENT.read_text(), re.MULTILINE)


def test_its_member_finds_every_word(values: Values, secret: Canary) -> None:
    """Or else the sweep would look for what nobody wrote."""
    client = browser(Client(), secret.member)
    seen: Counter[str] = Counter()
    for url in [*secret.every(), *canary.asked(secret)]:
        status, content, _ = look(client, "get", url, {})
        assert status < 500, url
        seen.update(word for word in WORDS.values() if word in content and word not in url)
    # Why an admin looked is on the timeline, where whatever opens it writes it.
    assert set(WORDS.values()) - set(seen) == {WORDS["emergency"]}


def test_every_word_is_one_of_its_own() -> None:
    assert len(set(WORDS.values())) == len(WORDS)
    assert all(word.endswith(BIRDS) for word in WORDS.values())


@pytest.mark.parametrize("who", ["colleague", "admin", "token that reads"])
def test_hidden_and_absent_are_the_same_answer(values: Values, secret: Canary, who: str) -> None:
    """The same bytes and as many statements: neither size nor work gives it away.

    The number that was asked for is in the answer; that one of the two may have a digit more is no difference.
    """
    client = actor(who, values, secret)
    drop = ("Date", "X-Request-Id", "Set-Cookie", "Content-Security-Policy", "Content-Length")
    hidden_number = secret.incident.number
    absent_number, compared = Incident.objects.latest("number").number + 1, 0
    for address in all_of_them():
        if address.is_admin or not {"number", "incident", "ref"} & set(address.parameters):
            continue
        for url in secret.urls(address):
            if f"INC-{hidden_number}" not in url or (who in WITH_TOKENS and not url.startswith("/api/")):
                continue
            told = []
            for path in (url, url.replace(f"INC-{hidden_number}", f"INC-{absent_number}")):
                with (
                    transaction.atomic(),
                    CaptureQueriesContext(
                        connection,
                    ) as queries,
                ):
                    answer = client.get(path)
                    body = re.sub(CHANGING, "", answer.content.decode())
                    transaction.set_rollback(True)
                kept = {name: value for name, value in answer.items() if name not in drop}
                number = f"INC-{absent_number}".encode()
                size = len(answer.content.replace(number, f"INC-{hidden_number}".encode()))
                told.append((answer.status_code, body, size, kept, len(queries)))
            assert told[0] == told[1], url
            compared += told[0][0] == 404
    assert compared > 15
