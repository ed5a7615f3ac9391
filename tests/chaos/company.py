"""Run against a live product: one person, reached by one webhook, asked about everything; prints a source's key."""

from __future__ import annotations

import sys

import django


def main(url: str) -> str:
    """Make them, and give the key."""
    from oncall.paging import operations as paging  # noqa: PLC0415 - models load after Django is set up
    from oncall.paging.operations import contacts  # noqa: PLC0415
    from tests import cast  # noqa: PLC0415

    bob = cast.bob()
    method = paging.add_method(bob, channel="webhook", address=url, secret="whsec").method
    contacts._mark_verified(method)
    cast.policy((3600, [bob]), is_default=True)
    return cast.source("generic")[1]


if __name__ == "__main__":
    django.setup()
    sys.stdout.write(f"{main(sys.argv[1])}\n")
