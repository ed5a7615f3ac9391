"""How incidents are tied, merged and split. Callers use this module; its parts are an arrangement of files."""

from incidents.ties.operations.base import DoesNotFit, NoReason, NotBoth
from incidents.ties.operations.merging import CannotMerge, come_apart, merge, unmerge
from incidents.ties.operations.relating import relate, tell_whole, untie
from incidents.ties.operations.splitting import NothingToSplit, split

__all__ = [
    "CannotMerge",
    "DoesNotFit",
    "NoReason",
    "NotBoth",
    "NothingToSplit",
    "come_apart",
    "merge",
    "relate",
    "split",
    "tell_whole",
    "unmerge",
    "untie",
]
