"""Everything that changes a schedule."""

from oncall.schedules.operations.changes import (
    ChangedMeanwhile,
    Deleted,
    PastIsFixed,
    SetMeanwhile,
    changed,
    locked,
    mark,
)
from oncall.schedules.operations.deleting import InUse, delete, undelete, without
from oncall.schedules.operations.layers import (
    BEGIN,
    AddressTaken,
    Meaningless,
    StandsBehind,
    begin,
    create,
    describe,
    save_layers,
)
from oncall.schedules.operations.overrides import (
    AlreadyOver,
    EndsBeforeItStarts,
    add_override,
    cancel_override,
)
from oncall.schedules.operations.previews import OpensGaps, Preview, difference, preview, save_seen
from oncall.schedules.operations.specs import MOST, LayerSpec, Terms, complaints, specs_of, terms_at, terms_of
from oncall.schedules.operations.versions import NotPlanned, restore, withdraw

__all__ = [
    "BEGIN",
    "MOST",
    "AddressTaken",
    "AlreadyOver",
    "ChangedMeanwhile",
    "Deleted",
    "EndsBeforeItStarts",
    "InUse",
    "LayerSpec",
    "Meaningless",
    "NotPlanned",
    "OpensGaps",
    "PastIsFixed",
    "Preview",
    "SetMeanwhile",
    "StandsBehind",
    "Terms",
    "add_override",
    "begin",
    "cancel_override",
    "changed",
    "complaints",
    "create",
    "delete",
    "describe",
    "difference",
    "locked",
    "mark",
    "preview",
    "restore",
    "save_layers",
    "save_seen",
    "specs_of",
    "terms_at",
    "terms_of",
    "undelete",
    "withdraw",
    "without",
]
