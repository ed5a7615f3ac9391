"""What keeps private incidents private. Callers use this module; its parts are an arrangement of files."""

from incidents.privacy.operations.emergency import (
    CLIENT,
    END,
    MemberAlready,
    NoSuchPrivateIncident,
    NotExplained,
    TooOften,
    come_due,
    end,
    note_outcomes,
    open_up,
    render,
    still_wanted,
)
from incidents.privacy.operations.reading import note_export, note_read
from incidents.privacy.operations.redacting import CannotRedact, redact

__all__ = [
    "CLIENT",
    "END",
    "CannotRedact",
    "MemberAlready",
    "NoSuchPrivateIncident",
    "NotExplained",
    "TooOften",
    "come_due",
    "end",
    "note_export",
    "note_outcomes",
    "note_read",
    "open_up",
    "redact",
    "render",
    "still_wanted",
]
