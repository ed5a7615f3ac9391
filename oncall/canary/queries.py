from __future__ import annotations

from datetime import datetime

from oncall.alerts.models import CANARY, Alert
from oncall.paging.models import Page


def dedup_key(slot: int) -> str:
    """Give what the alert of a minute's canary is known by."""
    return f"canary-{slot}"


def arrived(slot: int) -> datetime | None:
    """Give when the canary of a minute came through to its channel, None while it has not."""
    alerts = Alert.objects.filter(integration__kind=CANARY, dedup_key=dedup_key(slot))
    sent = Page.objects.filter(escalation__alert__in=alerts, sent_at__isnull=False)
    return sent.order_by("sent_at").values_list("sent_at", flat=True).first()
