"""Everything that may be done to tasks and checklists. Callers use this module; its parts are an arrangement of files."""

from incidents.tasks.operations.changing import NoWhy, change, drop, finish, move, reopen
from incidents.tasks.operations.checklists import attach, come_up, fall_away, install_defaults, settle
from incidents.tasks.operations.giving import CannotDoIt, NoTask, NotThen, add
from incidents.tasks.operations.telling import (
    ASKED,
    DUE,
    OVERDUE,
    note_outcomes,
    remind,
    render,
    still_wanted,
)

__all__ = [
    "ASKED",
    "DUE",
    "OVERDUE",
    "CannotDoIt",
    "NoTask",
    "NoWhy",
    "NotThen",
    "add",
    "attach",
    "change",
    "come_up",
    "drop",
    "fall_away",
    "finish",
    "install_defaults",
    "move",
    "note_outcomes",
    "remind",
    "render",
    "reopen",
    "settle",
    "still_wanted",
]
