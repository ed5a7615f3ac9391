"""The buttons of the editor that save nothing and change the order of what was typed, or add to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from oncall.schedules import grid
from oncall.schedules.forms import as_typed, moved, rotations, turned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.accounts.requests import PersonRequest

# "up-2" moves the third rotation before the second, "turn-up-0-2" the third turn of the first one before the second.
ADD, UP, TURN = "add", "up-", "turn-"


@dataclass(frozen=True, slots=True)
class Moved:
    """Which turn of which rotation was moved, where it stands now, and which way it went."""

    rotation: int
    turn: int
    way: str

    def said(self, layers: Any) -> str:
        """Say it, for those who listen."""
        lines = layers.forms[self.rotation].lines if self.rotation < len(layers.forms) else []
        line = next((each for each in lines if each.turn == self.turn), None)
        return f"{line.names} has turn {self.turn + 1} of {line.of}." if line else ""


def only_arranges(request: PersonRequest) -> bool:
    """Whether the button that was pressed saves nothing, and checks nothing."""
    return request.POST.get("do") == ADD or request.POST.get("do", "").startswith((UP, TURN))


def arranged(request: PersonRequest, shown: Sequence[dict[str, Any]]) -> tuple[Any, Moved | None]:
    """What was typed with one rotation more, with two in each other's place, or with another order of turns."""
    typed = as_typed(request.POST, shown)
    do = request.POST["do"]
    if do == ADD:
        fresh = {"start": grid.monday_of(timezone.localdate()), "name": f"Rotation {len(typed) + 1}"}
        return rotations(None, [*typed, fresh]), None
    if (move := _move(do)) is None:
        return rotations(None, moved(typed, _number(do.removeprefix(UP)))), None
    later = move.turn + 1 if move.way == "up" else move.turn
    return rotations(None, turned(typed, move.rotation, later)), move


def _move(do: str) -> Moved | None:
    parts = do.removeprefix(TURN).split("-")
    if not do.startswith(TURN) or len(parts) != 3 or parts[0] not in {"up", "down"}:
        return None
    turn = _number(parts[2])
    return Moved(_number(parts[1]), max(turn - 1, 0) if parts[0] == "up" else turn + 1, parts[0])


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 3 else 0
