"""Everything that may be done to runbooks. Callers use this module; its parts are an arrangement of files."""

from incidents.runbooks.operations.limits import begin_anew, come_due
from incidents.runbooks.operations.reporting import report, settle
from incidents.runbooks.operations.running import DUE, NoDrill, NoWords, Over, Taken, finish, mark, start
from incidents.runbooks.operations.writing import (
    Known,
    NotYours,
    Unfit,
    add,
    bring_in,
    change,
    confirm,
    restore,
    retire,
)

__all__ = [
    "DUE",
    "Known",
    "NoDrill",
    "NoWords",
    "NotYours",
    "Over",
    "Taken",
    "Unfit",
    "add",
    "begin_anew",
    "bring_in",
    "change",
    "come_due",
    "confirm",
    "finish",
    "mark",
    "report",
    "restore",
    "retire",
    "settle",
    "start",
]
