"""Who works at Alder Pay, the sample company: a payment provider with an office in Berlin."""

from __future__ import annotations

from dataclasses import dataclass

from core.accounts.models import Role

BERLIN = "Europe/Berlin"


@dataclass(frozen=True, slots=True)
class Sample:
    email: str
    name: str
    role: str
    teams: tuple[str, ...]
    zone: str = BERLIN


TEAMS = {"payments": "Payments", "platform": "Platform", "database": "Database"}

PEOPLE = (
    Sample("admin@example.com", "Ada Whitfield", Role.ADMIN, ("platform",)),
    Sample("marta@example.com", "Marta Okafor", Role.RESPONDER, ("payments", "platform")),
    Sample("priya@example.com", "Priya Raman", Role.RESPONDER, ("payments",)),
    Sample("tomas@example.com", "Tomás Rivera", Role.RESPONDER, ("payments",), "Europe/Madrid"),
    Sample("aiko@example.com", "Aiko Tanaka", Role.RESPONDER, ("platform",), "Asia/Tokyo"),
    Sample("samir@example.com", "Samir Haddad", Role.RESPONDER, ("platform",)),
    Sample("jonas@example.com", "Jonas Lindqvist", Role.RESPONDER, ("database",), "Europe/Stockholm"),
    Sample("noah@example.com", "Noah Fischer", Role.RESPONDER, ("payments", "database")),
    Sample("elif@example.com", "Elif Demir", Role.RESPONDER, ("database",), "Europe/Istanbul"),
    Sample("lena@example.com", "Lena Vogel", Role.MANAGER, ("payments",)),
    Sample("viewer@example.com", "Vera Lindholm", Role.VIEWER, ()),
)

TESTED = {"marta": 3, "priya": 5, "tomas": 12, "aiko": 9, "samir": 2, "jonas": 16, "elif": 8, "noah": 41}
"""How many days ago they acknowledged a test page."""
PHONES = {"marta", "priya", "aiko", "samir", "jonas", "elif", "noah"}
"""Who can be reached by a second channel: the readiness board shows both kinds."""
