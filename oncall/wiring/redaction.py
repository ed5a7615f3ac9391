"""Say where on-call keeps texts of an incident: its alerts and their raw payloads, its pages, what was sent of them."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from django.db.models import Q

from incidents.privacy import registry
from incidents.privacy.registry import Rows, Sent
from incidents.privacy.rules import spellings
from incidents.ties.queries import moved_alerts
from oncall.alerts.models import SignalState
from oncall.escalation.operations import declining, exhausting
from oncall.escalation.queries import edits
from oncall.models import Alert, Escalation, IngestError, Page, Signal, TimeOff
from oncall.paging import queries as paging

if TYPE_CHECKING:
    from collections.abc import Iterable

    from incidents.models import Incident


WRITTEN = ("title", "description", "dedup_key", "labels", "annotations", "links")


def register() -> None:
    registry.hold("oncall", _texts)


def _texts(incident: Incident, text: str) -> Iterable[tuple[str, Rows | Sent]]:
    alerts = Alert.objects.filter(incident=incident)
    sources = set(alerts.values_list("integration", flat=True))
    # A body is bytes, in which Postgres looks for bytes.
    spelled = [f"%{_escaped(one)}%".encode() for one in spellings(text)]
    # One that is still to be understood is left whole: without a part of it it might ask nobody.
    done = Signal.objects.filter(integration__in=sources, state=SignalState.PROCESSED)
    signals = done.extra(where=["body like any(%s)"], params=[spelled])
    escalations = Escalation.objects.filter(Q(incident=incident) | Q(alert__in=alerts))
    pages = Page.objects.filter(escalation__in=escalations)
    page_ids = list(pages.values_list("pk", flat=True))
    escalation_ids = list(escalations.values_list("pk", flat=True))
    gone = Alert.objects.filter(pk__in=moved_alerts(incident)).exclude(incident=incident)
    yield "alerts", Rows(gone, WRITTEN, is_own=False)
    yield "alerts", Rows(alerts, WRITTEN)
    yield "raw signals", Rows(signals, ("body", "error", "dedup_key", "asked_early"), is_own=False)
    refused = reduce(or_, (Q(detail__contains=one) for one in spellings(text)))
    problems = IngestError.objects.filter(refused, integration__in=sources)
    yield "refused signals", Rows(problems, ("detail",), is_own=False)
    yield "pages", Rows(pages, ("message", "why", "answer"))
    yield "pages", Rows(escalations, ("message", "note", "waits_for"))
    yield "time off", Rows(TimeOff.objects.filter(incident=incident), ("reason",))
    yield "audit log", registry.events("alert", alerts.values_list("pk", flat=True))
    yield "audit log", registry.events("page", [*page_ids, *escalation_ids])
    yield "audit log", registry.events("escalation", escalation_ids)
    yield "audit log", registry.events("acknowledgement", escalation_ids)
    for client in (paging.CLIENT, edits.EDIT, declining.ANSWER):
        yield "messages", Sent(client, page_ids)
    yield "messages", Sent(exhausting.ALARM, escalation_ids)


def _escaped(one: str) -> str:
    for sign in ("\\", "%", "_"):
        one = one.replace(sign, f"\\{sign}")
    return one
