"""The product's own test page: in by HTTP like any signal, through everything, to a channel that reaches nobody."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache

import orjson
from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac

from core.net import http
from core.outbox.models import Message
from oncall.alerts.models import CANARY, Alert, Integration, Signal
from oncall.canary import queries
from oncall.paging import queries as paging
from oncall.paging.models import Page


class NotTaken(Exception):
    """The web process did not take the signal; the message says what it answered."""


def send(slot: int) -> None:
    """Post the canary of a minute to the web process. Raise NotTaken or `http.Failed` when it is not accepted."""
    key = _source()
    name = queries.dedup_key(slot)
    answer = _client().request(
        "POST",
        f"{settings.WEB_URL}/integrations/v1/{CANARY}/{key}/",
        headers={"Content-Type": "application/json", "Idempotency-Key": name},
        body=orjson.dumps({"title": "Canary page", "dedup_key": name, "severity": "critical"}),
    )
    if not 200 <= answer.status < 300:
        raise NotTaken(f"the web process answered {answer.status}")


def _source() -> str:
    """Give the key of the canary's source, which every process works out for itself; make the source if needed."""
    key = salted_hmac("oncall.canary", "source").hexdigest()[:32]
    Integration.objects.get_or_create(
        key_hash=hashlib.sha256(key.encode()).hexdigest(),
        defaults={"kind": CANARY, "name": "Canary", "key_prefix": key[:8]},
    )
    return key


@lru_cache(maxsize=1)
def _client() -> http.Client:
    """The web process is where the operator says, private network or not."""
    return http.Client(allowed=http.anywhere)


@transaction.atomic
def forget(slots: Sequence[int]) -> None:
    """Clear away all that these canaries left behind."""
    keys = [queries.dedup_key(slot) for slot in slots]
    alerts = Alert.objects.filter(integration__kind=CANARY, dedup_key__in=keys)
    pages = Page.objects.filter(escalation__alert__in=alerts).values_list("pk", flat=True)
    Message.objects.filter(client=paging.CLIENT, subject_id__in=list(pages)).delete()
    alerts.delete()
    Signal.objects.filter(integration__kind=CANARY, request_key__in=keys).delete()
