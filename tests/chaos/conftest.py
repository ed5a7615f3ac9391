from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.chaos.harness import Product

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="package")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The product that all faults share; each begins with workers of its own."""
    product = Product(tmp_path_factory.mktemp("chaos"))
    try:
        yield product.start()
    finally:
        product.stop()
