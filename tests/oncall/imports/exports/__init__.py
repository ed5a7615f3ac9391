"""Exports in the shapes that the tools' API documents give, each with what the tool renders for the next 90 days."""

from tests.oncall.imports.exports.oncall_shifts import grafana_oncall, oc_shift
from tests.oncall.imports.exports.opsgenie_rotations import opsgenie
from tests.oncall.imports.exports.pagerduty_layers import (
    pagerduty,
    pd_capture,
    pd_layer,
    pd_schedule,
    pd_user,
)
from tests.oncall.imports.exports.pagerduty_shifts import member, pagerduty_v3, pd_event

__all__ = [
    "grafana_oncall",
    "member",
    "oc_shift",
    "opsgenie",
    "pagerduty",
    "pagerduty_v3",
    "pd_capture",
    "pd_event",
    "pd_layer",
    "pd_schedule",
    "pd_user",
]
