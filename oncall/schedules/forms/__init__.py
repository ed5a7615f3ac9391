"""What people enter about schedules."""

from oncall.schedules.forms.about import AboutForm, DeleteForm, ScheduleForm, WhenForm
from oncall.schedules.forms.overrides import OverrideForm
from oncall.schedules.forms.presets import PRESETS, WEEKLY, Preset
from oncall.schedules.forms.rotations import LayerForm, as_typed, initial, moved, rebased, rotations, turned
from oncall.schedules.forms.terms import TermsForm, shown_terms
from oncall.schedules.forms.who import WhoForm

__all__ = [
    "PRESETS",
    "WEEKLY",
    "AboutForm",
    "DeleteForm",
    "LayerForm",
    "OverrideForm",
    "Preset",
    "ScheduleForm",
    "TermsForm",
    "WhenForm",
    "WhoForm",
    "as_typed",
    "initial",
    "moved",
    "rebased",
    "rotations",
    "shown_terms",
    "turned",
]
