"""Everything that changes a schedule."""

from oncall.schedules.operations.changes import PastIsFixed
from oncall.schedules.operations.layers import LayerSpec, create, save_layers
from oncall.schedules.operations.overrides import (
    AlreadyOver,
    EndsBeforeItStarts,
    add_override,
    cancel_override,
)

__all__ = [
    "AlreadyOver",
    "EndsBeforeItStarts",
    "LayerSpec",
    "PastIsFixed",
    "add_override",
    "cancel_override",
    "create",
    "save_layers",
]
