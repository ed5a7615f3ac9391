"""Sources: made, named, given new keys, turned off, tried out."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING, Any

import orjson
from django.db import transaction

from core.errors import Refused
from core.events import bus, nudge
from oncall.alerts.models import Integration, Kind, Signal
from oncall.alerts.rules import TEST_LABEL
from oncall.alerts.spool import keys
from oncall.events import IntegrationChanged

if TYPE_CHECKING:
    from core.accounts.models import User
    from incidents.catalog.models import Service


class SourceInactive(Refused):
    """A source that was turned off takes nothing."""


def create_integration(
    *, kind: str, name: str, actor: User, service: Service | None = None
) -> tuple[Integration, str]:
    """Make a source; its key of 32 characters is given here and never again."""
    key = secrets.token_hex(16)
    with transaction.atomic():
        integration = Integration.objects.create(
            kind=Kind(kind),
            name=name,
            service=service,
            key_prefix=key[:8],
            key_hash=_hash(key),
            created_by=actor,
        )
        _changed(integration, "created", actor)
    return integration, key


def change_integration(
    integration: Integration, *, name: str, service: Service | None, actor: User
) -> Integration:
    """Give a source another name or another service of its own."""
    with transaction.atomic():
        integration.name, integration.service = name, service
        integration.save(update_fields=["name", "service"])
        _changed(integration, "changed", actor)
    return integration


def rotate_key(integration: Integration, *, actor: User) -> str:
    """Give a source a new key; the old one is refused from now on."""
    key = secrets.token_hex(16)
    with transaction.atomic():
        integration.key_prefix, integration.key_hash = key[:8], _hash(key)
        integration.save(update_fields=["key_prefix", "key_hash"])
        _changed(integration, "key_rotated", actor)
    return key


def deactivate(integration: Integration, *, actor: User) -> None:
    """Refuse everything that comes with this source's key; its alerts stay."""
    _switch(integration, is_active=False, actor=actor)


def activate(integration: Integration, *, actor: User) -> None:
    """Take signals of this source again."""
    _switch(integration, is_active=True, actor=actor)


def _switch(integration: Integration, *, is_active: bool, actor: User) -> None:
    with transaction.atomic():
        integration.is_active = is_active
        integration.save(update_fields=["is_active"])
        _changed(integration, "activated" if is_active else "deactivated", actor)


def send_test(integration: Integration, *, actor: User) -> Signal:
    """Put a test event into the inbox of a source; it takes the way of any other, to the person on call."""
    if not integration.is_active:
        raise SourceInactive("This source is turned off, so it takes no test event either.")
    with transaction.atomic():
        signal = Signal.objects.create(
            integration=integration,
            kind=integration.kind,
            content_type="application/json",
            body=orjson.dumps(_test_body(integration, actor)),
        )
        transaction.on_commit(nudge.drain, robust=True)
    return signal


def _test_body(integration: Integration, actor: User) -> dict[str, Any]:
    title = f"Test event from {integration.name}"
    text = f"{actor} sent this to see who is paged. Acknowledge it, then resolve it."
    key = f"test-{secrets.token_hex(8)}"
    labels = {"severity": "critical", TEST_LABEL: "true"}
    if integration.kind == Kind.ALERTMANAGER:
        annotations = {"summary": title, "description": text}
        alert = {"status": "firing", "labels": labels, "annotations": annotations, "fingerprint": key}
        return {"version": "4", "status": "firing", "alerts": [alert]}
    if integration.kind == Kind.PAGERDUTY:
        payload = {"summary": title, "severity": "critical", "source": "Watchbill", "custom_details": labels}
        return {"event_action": "trigger", "dedup_key": key, "payload": payload}
    return {"title": title, "description": text, "dedup_key": key, "severity": "critical", "labels": labels}


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _changed(integration: Integration, what: str, actor: User) -> None:
    bus.emit(IntegrationChanged(integration.pk, what), actor=actor)
    transaction.on_commit(keys.write, robust=True)
