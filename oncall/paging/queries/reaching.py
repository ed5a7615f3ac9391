"""How people are reached: by which methods, by whose rules, at which moment."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson
from django.db import connection, transaction

from core.channels.null import transport as null
from oncall.alerts.models import Urgency
from oncall.paging import rules
from oncall.paging.queries.names import is_known
from oncall.quiet.rules import Quiet, said, waits_until
from oncall.schedules import queries as schedules

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Person:
    """How somebody is reached: their methods in order of age, and their rules by urgency."""

    id: int
    name: str
    email: str
    zone: str
    is_active: bool
    methods: tuple[rules.Method, ...]
    own_rules: tuple[rules.Rule, ...]

    def rules_at(self, urgency: str) -> list[rules.Rule]:
        """Their rules for one urgency."""
        return [rule for rule in self.own_rules if rule.urgency == urgency]


CANARY = Person(
    0, "Canary", "", "UTC", is_active=True, methods=(rules.Method(None, null.KIND, "canary"),), own_rules=()
)
"""Who is asked by the product's own test page: reached by a channel that reaches nobody."""
# Written out, because it stands between every alert and its person: three queries of the ORM take four times as long.
_REACHABLE = """
select u.id, coalesce(nullif(u.name, ''), u.email), u.email, u.time_zone, u.is_active,
    (select json_agg(json_build_array(m.id, m.channel, m.address, m.secret, m.is_enabled and m.verified_at is not null)
        order by m.id) from oncall_contactmethod m where m.user_id = u.id)::text,
    (select json_agg(json_build_array(r.urgency, r.method_id, r.delay_seconds, r.only_on_call)
        order by r.delay_seconds, r.id) from oncall_notificationrule r where r.user_id = u.id)::text
from accounts_user u where u.id = any(%s) order by u.id"""


def reachable(
    ids: Iterable[int],
    *,
    at: datetime | None = None,
    is_on_call: bool = False,
    in_front: Collection[int] = (),
) -> dict[int, Person]:
    """Give how these people are reached, with one statement for all of them; who is gone is left out.

    Rules for who is on call are given for those who are at an instant (default: now), for trainees who are in front of
    them (`in_front`), or for all with `is_on_call`.
    """
    asked = set(ids)
    canary = {CANARY.id: CANARY} if CANARY.id in asked else {}
    wanted = sorted(asked - canary.keys())
    if not wanted:
        return canary
    with connection.cursor() as cursor:
        cursor.execute(_REACHABLE, [wanted])
        found = canary | {row[0]: _person(row) for row in cursor.fetchall()}
    asks = not is_on_call and any(rule.only_on_call for one in found.values() for rule in one.own_rules)
    return _off_call(found, at, in_front) if asks else found


def _off_call(
    people: Mapping[int, Person], at: datetime | None, in_front: Collection[int]
) -> dict[int, Person]:
    """Leave out the rules for who is on call of those who are not."""
    try:
        with transaction.atomic():
            found = schedules.on_call(schedules.naming(people), at)
            busy = {pk for piece in found.values() for pk in piece.users}.union(in_front)
    except Exception:  # somebody else's schedule must stop no page; a message too many is better than none
        if connection.needs_rollback:
            raise
        log.exception("it cannot be seen who is on call; their rules count as if they were")
        return dict(people)
    return {pk: person if pk in busy else _always(person) for pk, person in people.items()}


def _always(person: Person) -> Person:
    return replace(person, own_rules=tuple(rule for rule in person.own_rules if not rule.only_on_call))


def _person(row: tuple[Any, ...]) -> Person:
    pk, name, email, zone, is_active, methods, chosen = row
    return Person(
        pk,
        name,
        email,
        zone,
        is_active,
        tuple(
            rules.Method(id_, channel, address, secret, usable and is_known(channel))
            for id_, channel, address, secret, usable in orjson.loads(methods or "[]")
        ),
        tuple(rules.Rule(*rule) for rule in orjson.loads(chosen or "[]")),
    )


@dataclass(frozen=True, slots=True)
class Way:
    """What somebody is sent who is paged at an instant: by what, what is to be said of it, and until when it waits."""

    sends: tuple[rules.Send, ...]
    note: str = ""
    waits_until: datetime | None = None

    @property
    def is_good_in_front(self) -> bool:
        """Whether somebody else may wait for this person: they are told at once, by a contact method that was checked."""
        return self.waits_until is None and any(send.method.id is not None for send in self.sends)


def way_to(person: Person | None, *, urgency: str, at: datetime, quiet: Quiet | None = None) -> Way:
    """Say what somebody is sent who is paged at an instant; the pager and what tries it both ask here.

    `quiet` are their quiet hours and holidays, for which low urgency waits.
    """
    if person is None or not person.is_active:
        return Way((), "Their account is closed.")
    sends, note = rules.sends(person.methods, person.own_rules, urgency=urgency, sign_in=person.email)
    if not sends or quiet is None or urgency != Urgency.LOW:
        return Way(tuple(sends), note)
    until = waits_until(quiet, at=at)
    waits = waiting_said(until, quiet) if until else ""
    return Way(tuple(sends), f"{note} {waits}".strip(), until)


def waiting_said(until: datetime, quiet: Quiet) -> str:
    """Say that a page waits for the end of its person's quiet hours."""
    return f"Waits until {said(until, zone=quiet.zone)}: quiet hours."
