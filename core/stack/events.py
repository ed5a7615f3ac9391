"""What the install tells of itself."""

from __future__ import annotations

from dataclasses import dataclass

from core.events.bus import event


@event("install.set_up")
@dataclass(frozen=True, slots=True)
class InstallSetUp:
    """The first admin of an empty install was made."""

    user_id: int
