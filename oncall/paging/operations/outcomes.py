"""What became of the messages of a page: reached, tried another way, or lost; and how pages end."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import orjson
from django.db import connection
from django.db.models import Q, Value, prefetch_related_objects
from django.db.models.functions import Now

from core import live
from core.events import bus
from core.outbox import operations as outbox
from core.outbox.models import Message, State
from oncall import events
from oncall.destinations import operations as destinations
from oncall.paging import addresses, queries, rules
from oncall.paging.models import OPEN, ContactMethod, Page, PageStatus
from oncall.paging.operations.messages import message

if TYPE_CHECKING:
    from core.accounts.models import User
    from core.outbox.registry import Outcome

ANSWERED = (PageStatus.ACKNOWLEDGED, PageStatus.DECLINED)
GOOD = (State.ACCEPTED, State.DELIVERED)
ENDS = {
    State.EXPIRED: PageStatus.EXPIRED,
    State.UNKNOWN: PageStatus.UNKNOWN,
    State.NO_RECEIPT: PageStatus.UNKNOWN,
}
TAKEN_BACK = (State.FAILED, State.NO_RECEIPT)
"""What may become of a message that was accepted."""
SOON = timedelta(seconds=5)
NOTED_EVERY = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Settled:
    """What outcomes meant for pages: reached now for the first time, without a channel that works, and overtaken.

    What `late` pages say was no longer so when it arrived.
    """

    sent: tuple[tuple[Page, str], ...]
    lost: tuple[Page, ...]
    late: tuple[Page, ...] = ()


def record(outcomes: Sequence[Outcome]) -> Settled:
    """Write what became of messages onto their pages, and try the next method where one failed.

    Called in the transaction that records the outcomes; safe to run twice. A page that has no method left is
    failed once its last message ended, and troubled while it is still being tried. One that only seemed to have
    been sent, because a receipt says otherwise or is missing, waits again.
    """
    pages = _locked({outcome.subject_id for outcome in outcomes})
    _note_methods(outcomes)
    destinations.note(
        [(id_, outcome) for outcome in outcomes if (id_ := outcome.content.get("destination")) is not None]
    )
    here = [(pages[outcome.subject_id], outcome) for outcome in outcomes if outcome.subject_id in pages]
    good = [(page, outcome) for page, outcome in here if outcome.state in GOOD]
    sent = [(page, outcome) for page, outcome in good if _reach(page, outcome.state)]
    _write_reached({page.pk: page for page, _ in good}.values())
    bad = [(page, outcome) for page, outcome in here if outcome.state not in GOOD]
    lost = _find_other_ways(bad) if bad else []
    _tell(sent, lost)
    return Settled(
        tuple((page, outcome.channel) for page, outcome in sent),
        tuple(page for page, _ in lost),
        tuple(page for page, _ in good if page.escalation_id and not queries.is_current(page)),
    )


_REACHED = """
update oncall_page as page set status = new.status, sent_at = new.sent_at, ended_at = new.ended_at, troubled_at = null
from jsonb_to_recordset(%s::jsonb) as new (id bigint, status text, sent_at timestamptz, ended_at timestamptz)
where page.id = new.id"""


def _write_reached(reached: Collection[Page]) -> None:
    rows = [
        {"id": page.pk, "status": page.status, "sent_at": page.sent_at, "ended_at": page.ended_at}
        for page in reached
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(_REACHED, [orjson.dumps(rows).decode()])


def _locked(ids: Collection[int]) -> dict[int, Page]:
    """Give pages, held, with their escalations read after that: joined, they would be as old as the wait."""
    held = Page.objects.select_for_update().filter(pk__in=ids).annotate(read_at=Now()).order_by("pk")
    pages = {page.pk: page for page in held}
    prefetch_related_objects(list(pages.values()), "escalation__alert")
    return pages


def _now(page: Page) -> datetime:
    """The time by the database's clock, as it was read with the page."""
    at: datetime = vars(page)["read_at"]
    return at


def _note_methods(outcomes: Iterable[Outcome]) -> None:
    good, bad = set(), {}
    for outcome in outcomes:
        method = outcome.content.get("method")
        if method is not None and outcome.state in GOOD:
            good.add(method)
        elif method is not None and outcome.state != State.SUPPRESSED:
            bad[method] = outcome.detail[:300]
    if good:
        # A busy person's row is not rewritten with every page.
        stale = Q(last_ok_at=None) | Q(last_ok_at__lt=Now() - Value(NOTED_EVERY)) | ~Q(last_error="")
        ContactMethod.objects.filter(stale, pk__in=sorted(good)).update(last_ok_at=Now(), last_error="")
    for method, detail in sorted(bad.items()):
        ContactMethod.objects.filter(pk=method).update(last_error=detail)


def _reach(page: Page, state: str) -> bool:
    """Note that a channel took the page; whether that is the first time."""
    first = page.sent_at is None
    if page.status not in (*ANSWERED, PageStatus.DELIVERED):
        page.status = PageStatus.DELIVERED if state == State.DELIVERED else PageStatus.SENT
    if page.status not in ANSWERED and queries.is_current(page):
        page.ended_at = None
    page.sent_at, page.troubled_at = page.sent_at or _now(page), None
    return first


def _find_other_ways(bad: Sequence[tuple[Page, Outcome]]) -> list[tuple[Page, Outcome]]:
    """Do for each page whose message did not arrive what can still be done; give those for which there is nothing."""
    _wait_again(bad)
    _leave_out(bad)
    return _carry_on(bad)


def _wait_again(bad: Sequence[tuple[Page, Outcome]]) -> None:
    """Let pages wait whose message was taken and did not arrive, where no other message of theirs was taken."""
    doubtful = {
        page.pk: page
        for page, outcome in bad
        if page.status == PageStatus.SENT and outcome.state in TAKEN_BACK and _is_asked(page)
    }
    if not doubtful:
        return
    taken = Message.objects.filter(client=queries.CLIENT, subject_id__in=doubtful, state__in=GOOD)
    held = set(taken.values_list("subject_id", flat=True))
    again = [pk for pk in doubtful if pk not in held]
    for pk in again:
        doubtful[pk].status = PageStatus.PENDING
    Page.objects.filter(pk__in=again).update(status=PageStatus.PENDING)


def _leave_out(bad: Sequence[tuple[Page, Outcome]]) -> None:
    """Close pages of channels that may not hear of what became private before it was said; the ledger says so."""
    for page, outcome in bad:
        if outcome.state == State.SUPPRESSED and outcome.detail == rules.PRIVATE and page.ended_at is None:
            page.status, page.ended_at = PageStatus.SUPPRESSED, _now(page)
            page.why = f"{page.why} {rules.PRIVATE.capitalize()}."[:500]
            page.save(update_fields=["status", "ended_at", "why"])
            live.changed(*queries.topics(page))


def _carry_on(bad: Sequence[tuple[Page, Outcome]]) -> list[tuple[Page, Outcome]]:
    """Try the next method of each page whose message failed; give the pages that have none."""
    failing: dict[int, list[Outcome]] = {}
    waiting: dict[int, Page] = {}
    for page, outcome in bad:
        if _is_waiting(page) and is_failure(outcome):
            waiting[page.pk] = page
            failing.setdefault(page.pk, []).append(outcome)
    messages = queries.messages_of(list(waiting))
    people = queries.reachable({page.user_id for page in waiting.values() if page.user_id})
    lost = []
    for pk, page in waiting.items():
        own, failed = messages.get(pk, []), {outcome.message_id for outcome in failing[pk]}
        if not (
            _hasten(own, failed) or _fall_back(page, own, failed, people) or _hopeful(own, failed, _now(page))
        ):
            _lose(page, own)
            lost.append((page, failing[pk][-1]))
    send_behind([page for page, _ in lost], why="{name} could not be reached.")
    return lost


def send_behind(fronts: Sequence[Page], *, why: str) -> int:
    """Send now what waits for these pages of people in front, who do not come; give the number of pages.

    What a person planned for later (a call after two minutes) stays as much later.
    """
    in_front = {page.user_id for page in fronts if page.user_id}
    escalations = {page.escalation_id for page in fronts if page.escalation_id}
    if not in_front:
        return 0
    waiting = (
        Page.objects.select_for_update(of=("self",))
        .select_related("in_front")
        .filter(in_front__in=in_front, escalation__in=escalations, status=PageStatus.PENDING)
        .filter(waits_until__gt=Now())
        .annotate(read_at=Now())
        .order_by("pk")
    )
    places = {(page.escalation_id, page.epoch, page.round, page.level, page.user_id) for page in fronts}
    found = [
        page
        for page in waiting
        if (page.escalation_id, page.epoch, page.round, page.level, page.in_front_id) in places
    ]
    for page in found:
        own = Message.objects.filter(client=queries.CLIENT, subject_id=page.pk).values_list("pk", flat=True)
        if page.waits_until is not None:
            outbox.bring_forward(list(own), seconds=(page.waits_until - _now(page)).total_seconds())
        page.waits_until = _now(page)
        page.why = f"{page.why} Now: {why.format(name=page.in_front)}"[:500]
        page.save(update_fields=["waits_until", "why"])
        live.changed(*queries.topics(page))
    return len(found)


def is_failure(outcome: Outcome) -> bool:
    """Say whether an outcome means that a person could not be reached this way, rather than need not be."""
    if outcome.state == State.SUPPRESSED:
        return outcome.detail in rules.UNREACHABLE
    return outcome.state not in GOOD and outcome.state != State.BUNDLED


def _is_waiting(page: Page) -> bool:
    return page.status == PageStatus.PENDING and _is_asked(page)


def _is_asked(page: Page) -> bool:
    """Whether its person may still take it."""
    return page.ended_at is None and (page.escalation_id is None or queries.is_current(page))


def _hasten(own: Sequence[Message], failed: Collection[int]) -> bool:
    """Bring forward the next message that the person's rules have planned for later."""
    later = [
        each for each in own if each.state == State.PENDING and each.attempts == 0 and each.pk not in failed
    ]
    if later:
        outbox.hasten([min(later, key=lambda each: each.due_at).pk])
    return bool(later)


def _fall_back(
    page: Page, own: Sequence[Message], failed: Collection[int], people: Mapping[int, queries.Person]
) -> bool:
    """Send by a method that the rules did not name, where the person has one."""
    person = people.get(page.user_id or 0)
    first = next((each for each in own if each.pk in failed), None)
    if person is None or not person.is_active or page.escalation_id is None or first is None:
        return False
    method = rules.next_method(
        person.methods,
        person.rules_at(page.urgency),
        used=used(person, own),
        sign_in=person.email,
    )
    if method is None:
        return False
    key = f"page-{page.pk}-instead-{method.name}"
    instead = message(
        page, rules.Send(method), first.content, key=key, may_bundle=first.may_bundle, fallback_of=first.pk
    )
    return bool(outbox.put([instead]))


def used(person: queries.Person, own: Sequence[Message]) -> list[tuple[str, str]]:
    """Give the methods that messages went to. A number may have been sealed, or sealed anew, since it was copied."""
    stored = {addresses.plain(method.address): method.address for method in person.methods}
    return [(each.channel, stored.get(addresses.plain(each.address), each.address)) for each in own]


def _hopeful(own: Sequence[Message], failed: Collection[int], at: datetime) -> bool:
    """Whether another message of the page has not failed yet."""
    soon = at + SOON
    alive = [each for each in own if each.state in (State.PENDING, State.SENDING) and each.pk not in failed]
    return any(
        each.attempts == 0 or (each.attempts == 1 and (each.state == State.SENDING or each.due_at < soon))
        for each in alive
    )


def _lose(page: Page, own: Sequence[Message]) -> None:
    alive = any(each.state in (State.PENDING, State.SENDING) for each in own)
    page.troubled_at = page.troubled_at or _now(page)
    if not alive:
        ends = {ENDS.get(State(each.state), PageStatus.FAILED) for each in own}
        page.status = (
            ends.pop()
            if len(ends) == 1
            else PageStatus.UNKNOWN
            if PageStatus.UNKNOWN in ends
            else PageStatus.FAILED
        )
        page.ended_at = _now(page)
    page.save(update_fields=["troubled_at", "status", "ended_at"])


def _tell(sent: Sequence[tuple[Page, Outcome]], lost: Sequence[tuple[Page, Outcome]]) -> None:
    facts: list[object] = [
        events.PageSent(page.pk, page.user_id, *_subject(page), outcome.channel)
        for page, outcome in sent
        if page.user_id is not None
    ]
    facts += [
        events.PageFailed(
            page.pk, page.user_id, *_subject(page), page.status, f"{outcome.channel}: {outcome.detail}"[:500]
        )
        for page, outcome in lost
        if page.status != PageStatus.PENDING
    ]
    if facts:
        bus.emit_all(facts)
    for page in {page for page, _ in (*sent, *lost)}:
        live.changed(*queries.topics(page))


def _subject(page: Page) -> tuple[int | None, int | None]:
    escalation = page.escalation
    if escalation is None:
        return None, None
    of_alert = escalation.alert.incident_id if escalation.alert else None
    return escalation.alert_id, escalation.incident_id or of_alert


def stop(pages: Iterable[Page], *, by: User | None, reason: str, taken: bool) -> None:
    """Close pages whose escalation stopped or moved on: take back what is not sent yet, keep what was.

    `taken` says that `by` acknowledged: their own pages say so, nobody else's do.
    """
    ids = sorted(page.pk for page in pages)
    locked = list(Page.objects.select_for_update().filter(pk__in=ids).order_by("pk")) if ids else []
    still = [page for page in locked if page.ended_at is None]
    mine = [page.pk for page in still if taken and by is not None and page.user_id == by.pk]
    unsent = [page.pk for page in still if page.status == PageStatus.PENDING and page.pk not in mine]
    Page.objects.filter(pk__in=mine).update(
        status=PageStatus.ACKNOWLEDGED, acknowledged_at=Now(), ended_at=Now()
    )
    Page.objects.filter(pk__in=unsent).update(status=PageStatus.SUPPRESSED, ended_at=Now())
    Page.objects.filter(pk__in=[page.pk for page in still], ended_at=None).update(ended_at=Now())
    if still:
        outbox.suppress(queries.CLIENT, ids, reason=reason[:300])
        live.changed(
            *(f"page-{page.pk}" for page in still),
            *(f"home-{page.user_id}" for page in still if page.user_id),
        )


def decline(page: Page, *, reason: str) -> bool:
    """Note why the person of a page does not come, and send it no further; False when it waits no more."""
    waits = Page.objects.open().select_for_update().filter(pk=page.pk)
    if not waits.exists():
        return False
    Page.objects.filter(pk=page.pk).update(status=PageStatus.DECLINED, answer=reason[:300], ended_at=Now())
    live.changed(*queries.topics(page))
    return True


def reopen(pages: Iterable[Page]) -> None:
    """Let pages wait for their person again: an acknowledgement was taken back."""
    ids = [page.pk for page in pages]
    Page.objects.filter(pk__in=ids, status=PageStatus.ACKNOWLEDGED).update(
        status=PageStatus.SENT, acknowledged_at=None, ended_at=None
    )
    Page.objects.filter(pk__in=ids, status__in=OPEN).update(ended_at=None)
    live.changed(*(f"page-{pk}" for pk in ids))
