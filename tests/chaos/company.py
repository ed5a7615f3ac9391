"""Run against a live product: the people, sources and policies that a fault needs; prints what it made as JSON.

`python -m tests.chaos.company NAME URL WORD…`: NAME is a function below, URL is where the sink takes pages; each call
makes everything anew.
"""

from __future__ import annotations

import json
import secrets
import sys
from typing import TYPE_CHECKING, Any

import django

if TYPE_CHECKING:
    from core.accounts.models import User
    from oncall.models import Policy

LADDER_SECONDS = 3
LONG = 3600


def one(url: str) -> dict[str, Any]:
    """One person by one webhook, asked about everything that nobody else is asked about."""
    from tests import cast  # noqa: PLC0415 - models load after Django is set up

    cast.policy((LONG, [_person(f"{url}/bob")]), is_default=True)
    return {"key": cast.source("generic")[1]}


def ladder(url: str) -> dict[str, Any]:
    """Three levels of three seconds."""
    levels = [(LADDER_SECONDS, [_person(f"{url}/{name}")]) for name in ("first", "second", "third")]
    return _source(_policy(*levels))


def slow_ladder(url: str) -> dict[str, Any]:
    """An hour for the first, two for the second."""
    levels = [(hours * LONG, [_person(f"{url}/{name}")]) for hours, name in ((1, "first"), (2, "second"))]
    return _source(_policy(*levels))


def two_ways(url: str) -> dict[str, Any]:
    """One person with a webhook that their rules name, and another that they do not."""
    return _source(_policy((LONG, [_person(f"{url}/usual", f"{url}/spare")])))


def mailed(url: str) -> dict[str, Any]:
    """One person who wants mail and has a webhook besides."""
    return _source(_policy((LONG, [_person("mail", f"{url}/spare")])))


def texted(url: str) -> dict[str, Any]:
    """One person who wants texts and has a webhook besides."""
    return _source(_policy((LONG, [_person("text", f"{url}/spare")])))


def succession(url: str) -> dict[str, Any]:
    """Somebody, and an hour later somebody else."""
    first, second = _person(f"{url}/usual", f"{url}/spare"), _person(f"{url}/next")
    return {**_source(_policy((LONG, [first]), (LONG, [second]))), "first": first.pk}


def scheduled(url: str) -> dict[str, Any]:
    """Whoever is on call, and an hour later somebody else."""
    from tests import cast  # noqa: PLC0415

    schedule = cast.always(_person(f"{url}/usual"), name=f"Schedule {secrets.token_hex(3)}")
    made = _source(_policy((LONG, [schedule]), (LONG, [_person(f"{url}/next")])))
    return {**made, "schedule": schedule.pk}


def crowd(url: str, count: str) -> dict[str, Any]:
    """So many people, all asked at once."""
    from oncall.models import ContactMethod, NotificationRule  # noqa: PLC0415
    from tests import cast  # noqa: PLC0415

    team = cast.team(f"Crowd{secrets.token_hex(3)}")
    users = _users(int(count), team)
    methods = ContactMethod.objects.bulk_create(
        ContactMethod(user=user, channel="webhook", address=f"{url}/crowd-{n}", secret=_sealed(), verified_at=_now())
        for n, user in enumerate(users)
    )  # fmt: skip
    NotificationRule.objects.bulk_create(
        NotificationRule(user=method.user, urgency="high", method=method) for method in methods
    )
    return _source(_policy((LONG, [team])))


def targets(url: str, count: str) -> dict[str, Any]:
    """So many services, each with a source and one person of its own."""
    return {
        "keys": [_source(_policy((LONG, [_person(f"{url}/target-{n}")])))["key"] for n in range(int(count))]
    }


def _person(*addresses: str) -> User:
    """Somebody by these ways, of which their rules name the first alone; "mail" and "text" are addresses of their own."""
    from oncall.paging import operations as paging  # noqa: PLC0415
    from oncall.paging.operations import contacts  # noqa: PLC0415
    from tests import cast  # noqa: PLC0415

    name = f"P{secrets.token_hex(4)}"
    user = cast.person(name, team=cast.team())
    for address in addresses:
        kinds = {"mail": ("email", user.email), "text": ("sms", f"+49151{secrets.randbelow(10**7):07}")}
        # Each address is new: only so many codes are sent to one.
        base, _, to = address.rpartition("/")
        channel, where = kinds.get(address, ("webhook", f"{base}/{secrets.token_hex(4)}/{to}"))
        method = paging.add_method(user, channel=channel, address=where, secret="whsec").method
        contacts._mark_verified(method)
    return user


def _users(count: int, team: Any) -> list[User]:
    from core.accounts.models import Membership, User  # noqa: PLC0415

    word = secrets.token_hex(4)
    users = User.objects.bulk_create(
        User(email=f"{word}-{n}@example.com", name=f"{word} {n}", role="responder", password="!")
        for n in range(count)
    )
    Membership.objects.bulk_create(Membership(user=user, team=team) for user in users)
    return users


def _sealed() -> str:
    from core.channels import secrets as seals  # noqa: PLC0415

    return seals.seal("whsec")


def _now() -> Any:
    from django.utils import timezone  # noqa: PLC0415

    return timezone.now()


def _policy(*levels: tuple[int, list[Any]]) -> Policy:
    from tests import cast  # noqa: PLC0415

    return cast.policy(*levels, name=f"Policy {secrets.token_hex(4)}")


def _source(policy: Policy) -> dict[str, Any]:
    """A source of a service of its own that asks by this policy."""
    from oncall.models import ServicePolicy  # noqa: PLC0415
    from tests import cast  # noqa: PLC0415

    service = cast.service(f"Service {secrets.token_hex(4)}")
    ServicePolicy.objects.create(service=service, policy=policy)
    return {"key": cast.source("generic", of=service, name=service.name)[1], "policy": policy.pk}


SCENES = {
    made.__name__: made
    for made in (one, ladder, slow_ladder, two_ways, mailed, texted, succession, scheduled, crowd, targets)
}


if __name__ == "__main__":
    django.setup()
    sys.stdout.write(f"{json.dumps(SCENES[sys.argv[1]](*sys.argv[2:]))}\n")
