"""The people of every story and the things around them, built by the same operations as the product uses.

Alice commands, Bob responds, Carol is next, Mona manages their team, Ada administers, Vera only reads, and
Mallory is not invited: she belongs to another team.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.accounts.models import Membership, Role, Team, TeamRole, User

if TYPE_CHECKING:
    from incidents.models import Incident, Service, Severity

PASSWORD = "correct horse battery staple"


def person(name: str, *, role: str = Role.RESPONDER, team: Team | None = None, zone: str = "UTC") -> User:
    """A signed-up person named `name`, a member of `team`."""
    user = User.objects.create_user(
        f"{name.lower()}@example.com", PASSWORD, name=f"{name} Example", role=role, time_zone=zone
    )
    if team is not None:
        part = TeamRole.MANAGER if role == Role.MANAGER else TeamRole.MEMBER
        Membership.objects.create(user=user, team=team, role=part)
    return user


def team(name: str = "Payments") -> Team:
    """A team, made once per name."""
    return Team.objects.get_or_create(slug=name.lower(), defaults={"name": name})[0]


def alice() -> User:
    return person("Alice", team=team())


def bob() -> User:
    return person("Bob", team=team())


def carol() -> User:
    return person("Carol", team=team())


def mona() -> User:
    return person("Mona", role=Role.MANAGER, team=team())


def ada() -> User:
    return person("Ada", role=Role.ADMIN)


def vera() -> User:
    return person("Vera", role=Role.VIEWER)


def mallory() -> User:
    return person("Mallory", team=team("Elsewhere"))


def service(name: str = "Payments API", *, tier: int = 1) -> Service:
    """A service of the payments team."""
    from incidents.models import Service  # noqa: PLC0415 - models load after Django is set up

    return Service.objects.get_or_create(
        slug=name.lower().replace(" ", "-"), defaults={"name": name, "team": team(), "tier": tier}
    )[0]


def severity(word: str = "SEV2") -> Severity:
    """A level of the scale in force, which a flushed test database gets back first."""
    from incidents.lifecycle import operations as lifecycle  # noqa: PLC0415
    from incidents.severities import operations, queries  # noqa: PLC0415
    from incidents.updates import operations as updates  # noqa: PLC0415

    for feature in (operations, lifecycle, updates):
        feature.install_defaults()
    found = queries.find(word)
    assert found is not None, word
    return found


def incident(title: str = "Checkout fails for some cards", *, by: User | None = None, **given: Any) -> Incident:
    """An incident that Alice, or `by`, declared; `severity` may be a word."""
    from incidents.lifecycle import operations  # noqa: PLC0415

    level = given.pop("severity", "SEV2")
    level = severity(level) if isinstance(level, str) else level
    actor = by or User.objects.filter(email="alice@example.com").first() or alice()
    return operations.declare(title=title, actor=actor, severity=level, **given)
