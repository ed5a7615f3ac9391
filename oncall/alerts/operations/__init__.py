"""What happens to sources and alerts. Nobody else writes these rows, but for the door that stores signals."""

from oncall.alerts.operations.inbox import Waiting, claim, claim_one, finish, put_off
from oncall.alerts.operations.receipts import correct_receipt, note_damaged, sign_again
from oncall.alerts.operations.recording import Change, Recorded, note_problems, record
from oncall.alerts.operations.sources import (
    SourceInactive,
    activate,
    change_integration,
    create_integration,
    deactivate,
    rotate_key,
    send_test,
)
from oncall.alerts.operations.states import (
    NotOver,
    acknowledge_alert,
    ask_after_all,
    attach_alerts,
    judge_alert,
    resolve_alert,
    snooze_alert,
    unacknowledge_alert,
)

__all__ = [
    "Change",
    "NotOver",
    "Recorded",
    "SourceInactive",
    "Waiting",
    "acknowledge_alert",
    "activate",
    "ask_after_all",
    "attach_alerts",
    "change_integration",
    "claim",
    "claim_one",
    "correct_receipt",
    "create_integration",
    "deactivate",
    "finish",
    "judge_alert",
    "note_damaged",
    "note_problems",
    "put_off",
    "record",
    "resolve_alert",
    "rotate_key",
    "send_test",
    "sign_again",
    "snooze_alert",
    "unacknowledge_alert",
]
