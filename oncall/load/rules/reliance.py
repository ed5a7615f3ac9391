"""How far a service relies on one person: what they handled of all that was handled. It compares no people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Reliance:
    """What was handled of a service, by how many people, and who handled the most of it where one did."""

    alerts: int = 0
    incidents: int = 0
    people: int = 0
    most: int | None = None
    handled: int = 0

    @property
    def total(self) -> int:
        """All of it."""
        return self.alerts + self.incidents

    @property
    def share(self) -> Fraction:
        """Which part of it the one person handled."""
        return Fraction(self.handled, self.total) if self.total else Fraction()

    def is_single(self, *, percent: int, least: int) -> bool:
        """Say whether one person handled so many percent of at least so much."""
        return self.most is not None and self.total >= least and self.share * 100 >= percent


def reliance(alerts: Iterable[int], incidents: Iterable[int]) -> Reliance:
    """Count by who handled each. Where two handled as much, it relies on neither alone."""
    by_alert, by_incident = Counter(alerts), Counter(incidents)
    everybody = (by_alert + by_incident).most_common(2)
    is_one = len(everybody) == 1 or (len(everybody) > 1 and everybody[0][1] > everybody[1][1])
    return Reliance(
        by_alert.total(),
        by_incident.total(),
        len(by_alert + by_incident),
        everybody[0][0] if is_one else None,
        everybody[0][1] if is_one else 0,
    )
