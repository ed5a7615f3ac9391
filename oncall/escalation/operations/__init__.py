"""Everything that is done to escalations and policies."""

from oncall.escalation.operations.advancing import DUE, SOON, advance_due
from oncall.escalation.operations.declaring import declare_alert, declare_page, join_alert
from oncall.escalation.operations.declining import ANSWER, CannotDecline, decline, hear_answer
from oncall.escalation.operations.editing import EDITS_DUE, edit_due, edit_test, hear_edit
from oncall.escalation.operations.exhausting import ALARM
from oncall.escalation.operations.handing import (
    UNSNOOZE,
    CannotPage,
    NothingToDo,
    ask_again,
    escalate_now,
    page_by_hand,
    reassign,
    snooze,
    wake,
)
from oncall.escalation.operations.outcomes import hear, hear_alarm, hear_held
from oncall.escalation.operations.policies import (
    RESERVED,
    ChangedMeanwhile,
    InUse,
    NoLevels,
    PagesEveryone,
    SameName,
    change_policy,
    create_policy,
    note_policy,
    remove_policy,
    set_last_resort,
)
from oncall.escalation.operations.replanning import replan_held
from oncall.escalation.operations.starting import Early, Start, start_many
from oncall.escalation.operations.taking import (
    Held,
    acknowledge,
    end_many,
    resolve,
    stop_incident,
    unacknowledge,
)
from oncall.escalation.operations.telling import (
    carry_over,
    tell_answered,
    tell_counted,
    tell_declined,
    tell_ended,
    tell_exhausted,
    tell_failed,
    tell_sent,
)
from oncall.escalation.rules.acks import ACK_TIMEOUT

__all__ = [
    "ACK_TIMEOUT",
    "ALARM",
    "ANSWER",
    "DUE",
    "EDITS_DUE",
    "RESERVED",
    "SOON",
    "UNSNOOZE",
    "CannotDecline",
    "CannotPage",
    "ChangedMeanwhile",
    "Early",
    "Held",
    "InUse",
    "NoLevels",
    "NothingToDo",
    "PagesEveryone",
    "SameName",
    "Start",
    "acknowledge",
    "advance_due",
    "ask_again",
    "carry_over",
    "change_policy",
    "create_policy",
    "declare_alert",
    "declare_page",
    "decline",
    "edit_due",
    "edit_test",
    "end_many",
    "escalate_now",
    "hear",
    "hear_alarm",
    "hear_answer",
    "hear_edit",
    "hear_held",
    "join_alert",
    "note_policy",
    "page_by_hand",
    "reassign",
    "remove_policy",
    "replan_held",
    "resolve",
    "set_last_resort",
    "snooze",
    "start_many",
    "stop_incident",
    "tell_answered",
    "tell_counted",
    "tell_declined",
    "tell_ended",
    "tell_exhausted",
    "tell_failed",
    "tell_sent",
    "unacknowledge",
    "wake",
]
