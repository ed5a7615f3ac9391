"""What people enter about schedules."""

from oncall.schedules.forms.about import AboutForm, ScheduleForm, WhenForm
from oncall.schedules.forms.overrides import OverrideForm
from oncall.schedules.forms.rotations import LayerForm, as_typed, initial, rotations

__all__ = [
    "AboutForm",
    "LayerForm",
    "OverrideForm",
    "ScheduleForm",
    "WhenForm",
    "as_typed",
    "initial",
    "rotations",
]
