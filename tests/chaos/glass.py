"""What holds while Postgres is away: keys on the disk, and break-glass, by which critical alerts are paged all the same."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.waiting import until

if TYPE_CHECKING:
    from tests.chaos.harness import Product
    from tests.chaos.oracle import Receipt


def keys_are_kept(product: Product) -> None:
    """Wait until the source's key is on the disk, by which alerts are judged without Postgres."""
    keys = product.folder / "spool" / "keys.json"
    (count,) = product.stack.rows("select count(*) from oncall_integration where is_active")[0]
    until(lambda: keys.exists() and keys.read_text().count('"generic"') == count, seconds=40)


def begin_armed(product: Product, *, after: int) -> None:
    """Start the workers anew with break-glass switched on, to act `after` so many seconds, and wait for what it reads."""
    begun_at = time.time()
    product.begin(env={"pagerd": {"BREAK_GLASS": "true", "BREAK_GLASS_AFTER_SECONDS": str(after)}})
    keys_are_kept(product)
    snapshot = product.folder / "spool" / "oncall.snapshot"
    until(lambda: snapshot.exists() and snapshot.stat().st_mtime > begun_at, seconds=90)


def by_glass(product: Product, word: str) -> list[Receipt]:
    """The pages that break-glass sent about alerts of this word."""
    return [one for one in product.sink.receipts() if one.title.startswith(f"Break-glass: {word}")]
