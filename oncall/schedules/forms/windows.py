from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from oncall.schedules.rules.layers import WEEKDAYS
from oncall.schedules.rules.windows import Entered, joined, over_days

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Line = tuple[forms.BoundField, ...]

DAYS = [(str(n), name) for n, name in enumerate(WEEKDAYS)]
WINDOWS = 7


class WindowsForm(forms.Form):
    """A form with lines for windows of the week: from a day and time, or a time of every day, to another."""

    def add_windows(self) -> None:
        """Add the lines: those that are filled in and one more, at least seven."""
        self.places = range(max(WINDOWS, self.initial.get("windows", 0)))
        for n in self.places:
            self.fields[f"day_{n}"] = forms.ChoiceField(
                choices=[("", "Every day"), *DAYS], required=False, label=f"Window {n + 1}"
            )
            self.fields[f"until_{n}"] = forms.ChoiceField(
                choices=[("", "the same day or night"), *DAYS], required=False, label="Until"
            )
            for edge in ("from", "to"):
                self.fields[f"{edge}_{n}"] = forms.TimeField(
                    required=False,
                    label=edge.capitalize(),
                    widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
                )

    @property
    def windows(self) -> list[Line]:
        return [tuple(self[f"{part}_{n}"] for part in ("day", "from", "until", "to")) for n in self.places]

    @property
    def windows_shown(self) -> list[Line]:
        """The lines to the last that is filled in, and one more."""
        return self.windows[: self._last + 2]

    @property
    def windows_more(self) -> list[Line]:
        return self.windows[self._last + 2 :]

    @property
    def has_windows(self) -> bool:
        """Whether a window is filled in, or one is wrong."""
        return self._last >= 0

    @property
    def _last(self) -> int:
        return last_filled([start, end] for _, start, _, end in self.windows)

    def entered_windows(self, data: Mapping[str, Any]) -> list[Entered]:
        """Give the windows as a layer knows them; what is wrong with one is said at its line."""
        return [window for n in self.places for window in self._window(data, n)]

    def _window(self, data: Mapping[str, Any], n: int) -> list[Entered]:
        start, end, day, until = (data.get(f"{part}_{n}") for part in ("from", "to", "day", "until"))
        if until and not day:
            self.add_error(f"day_{n}", "A window over several days begins on one weekday.")
            return []
        if start is not None and end is not None:
            if day and until:
                return [*over_days(int(day), start, int(until), end)]
            return [(int(day) if day else None, start, end)]
        if (start is not None or end is not None or day) and not {
            f"from_{n}",
            f"to_{n}",
        } & self.errors.keys():
            self.add_error(f"from_{n}", "A window needs both times.")
        return []


def last_filled(lines: Iterable[Iterable[forms.BoundField]]) -> int:
    """The number of the last line in which something is entered or wrong; -1 for none."""
    return max(
        (n for n, line in enumerate(lines) if any(field.value() or field.errors for field in line)),
        default=-1,
    )


def shown_windows(windows: Sequence[Entered]) -> dict[str, Any]:
    """What a form with windows shows of some: one line for each, over however many days it lasts."""
    runs = joined(windows)
    shown: dict[str, Any] = {"windows": len(runs) + 1}
    for n, run in enumerate(runs):
        day, until = ("" if each is None else str(each) for each in (run.day, run.last))
        shown |= {f"day_{n}": day, f"from_{n}": run.start, f"until_{n}": until, f"to_{n}": run.end}
    return shown
