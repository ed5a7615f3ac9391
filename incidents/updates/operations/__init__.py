"""Everything that may be done with updates. Callers use this module; its parts are an arrangement of files."""

from incidents.updates.operations.publishing import (
    LONGEST,
    SHORTEST,
    NeedsApproval,
    NotALayout,
    NotAnAudience,
    NotAStage,
    NotATime,
    NothingToSay,
    NotOverYet,
    StaysInside,
    publish,
)
from incidents.updates.operations.reminding import (
    note_outcomes,
    note_undelivered,
    remind,
    render,
    still_wanted,
)
from incidents.updates.operations.telling import TOLD
from incidents.updates.operations.templates import (
    NotFilled,
    SameTemplate,
    TemplateChanged,
    add_template,
    change_template,
    install_defaults,
    remove_template,
)

__all__ = [
    "LONGEST",
    "SHORTEST",
    "TOLD",
    "NeedsApproval",
    "NotALayout",
    "NotAStage",
    "NotATime",
    "NotAnAudience",
    "NotFilled",
    "NotOverYet",
    "NothingToSay",
    "SameTemplate",
    "StaysInside",
    "TemplateChanged",
    "add_template",
    "change_template",
    "install_defaults",
    "note_outcomes",
    "note_undelivered",
    "publish",
    "remind",
    "remove_template",
    "render",
    "still_wanted",
]
