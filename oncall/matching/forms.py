"""The editor of conditions, for every screen that has some; it works without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from oncall.matching import rules

if TYPE_CHECKING:
    from django.http import QueryDict


@dataclass(frozen=True, slots=True)
class Draft:
    """A condition as it stands in the editor, and what is wrong with it."""

    label: str = ""
    op: str = "equals"
    value: str = ""
    error: str = ""

    @property
    def is_blank(self) -> bool:
        """Whether nothing was entered: such a row asks for nothing."""
        return not self.label.strip() and not self.value


class Conditions:
    """The conditions of an editor: read from the form, changed by its buttons, checked when they are saved.

    `prefix` comes before the names of their fields and buttons, where a form has several of these.
    """

    def __init__(self, drafts: Sequence[Draft] = (), prefix: str = "") -> None:
        self.drafts, self.prefix = list(drafts), prefix

    @classmethod
    def of(cls, match: Any, prefix: str = "") -> Conditions:
        """Give conditions for editing; what cannot be read is left out."""
        found = []
        for item in match if isinstance(match, list) else []:
            try:
                (condition,) = rules.check([item])
            except ValueError:
                continue
            found.append(Draft(**asdict(condition)))
        return cls(found, prefix)

    @classmethod
    def posted(cls, data: QueryDict, prefix: str = "") -> Conditions:
        """Give the conditions as the browser sent them."""
        count = data.get(f"{prefix}conditions", "")
        number = int(count) if re.fullmatch(r"\d{1,3}", count, re.ASCII) else 0
        rows = range(min(number, rules.MAX_CONDITIONS))
        drafts = [
            Draft(
                *(data.get(f"{prefix}condition-{n}-{name}", "")[:1000] for name in ("label", "op", "value"))
            )
            for n in rows
        ]
        return cls(drafts, prefix)

    def change(self, button: str) -> None:
        """Do what a button of the editor says: `add`, or `remove` with a condition's number."""
        what, _, which = button.partition("-")
        if what == "add" and len(self.drafts) < rules.MAX_CONDITIONS:
            self.drafts.append(Draft())
        elif what == "remove" and which in map(str, range(len(self.drafts))):
            del self.drafts[int(which)]

    def check(self) -> list[dict[str, str]] | None:
        """Give the conditions as they are kept, or None where one is wrong; the drafts say what."""
        match = []
        for n, draft in enumerate(self.drafts):
            entered = {"label": draft.label, "op": draft.op, "value": draft.value}
            try:
                match += [] if draft.is_blank else [asdict(found) for found in rules.check([entered])]
            except ValueError as error:
                self.drafts[n] = replace(draft, error=str(error))
        return None if self.errors else match

    @property
    def errors(self) -> list[tuple[int, str]]:
        """What is wrong: the condition's number from 0, and the words."""
        return [(n, draft.error) for n, draft in enumerate(self.drafts) if draft.error]

    @property
    def verbs(self) -> list[tuple[str, str]]:
        """The operators to choose from."""
        return list(rules.VERBS.items())
