"""Everything that may be done to runbooks. Callers use this module; its parts are an arrangement of files."""

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
    "Known",
    "NotYours",
    "Unfit",
    "add",
    "bring_in",
    "change",
    "confirm",
    "restore",
    "retire",
]
