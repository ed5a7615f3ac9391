"""Run against a live product: "Engineering On-Call" as the story has it; prints a source's key for each policy as JSON.

`python -m tests.journeys.engineering`: the policies differ in how long the first level waits (minutes) and in their
passes, as in "10x2".
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import django

if TYPE_CHECKING:
    from core.accounts.models import User
    from oncall.models import Schedule

POLICIES = ("10x2", "10x3", "5x2", "15x2")


def main() -> dict[str, str]:
    """Make them; three people, of whom two are on call and one is a manager."""
    from oncall.models import ServicePolicy  # noqa: PLC0415 - models load after Django is set up
    from tests import cast  # noqa: PLC0415

    primary = cast.always(cast.alice(), name="Primary")
    secondary = cast.always(cast.bob(), name="Secondary")
    manager = cast.mona()
    keys = {}
    for name in POLICIES:
        first, repeat = map(int, name.split("x"))
        levels: list[tuple[int, list[User | Schedule]]] = [
            (first * 60, [primary]),
            (600, [secondary]),
            (900, [manager]),
        ]
        policy = cast.policy(*levels, name=f"Engineering On-Call {name}", repeat=repeat)
        service = cast.service(f"Service {name}")
        ServicePolicy.objects.create(service=service, policy=policy)
        keys[name] = cast.source("generic", of=service, name=name)[1]
    return keys


if __name__ == "__main__":
    django.setup()
    sys.stdout.write(f"{json.dumps(main())}\n")
