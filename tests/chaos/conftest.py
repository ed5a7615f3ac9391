from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.chaos import report
from tests.chaos.harness import Product

if TYPE_CHECKING:
    from collections.abc import Iterator

SEEDS = int(os.environ.get("CHAOS_SEEDS", "1"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run every fault once per seed: what is chosen by chance is chosen otherwise."""
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", range(1, SEEDS + 1), scope="function")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Note what there is, whatever is chosen of it, and leave out what has been survived since `make chaos` began."""
    report.begin(item.nodeid for item in items if item.get_closest_marker("soak") is None)
    over = [item for item in items if item.nodeid in report.survived()]
    items[:] = [item for item in items if item not in over]
    config.hook.pytest_deselected(items=over)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep what a run came to, whole or not at all."""
    if report.when == "call":
        _end(report.nodeid, passed=report.passed, seconds=report.duration)


def _end(name: str, *, passed: bool, seconds: float) -> None:
    report.end(name, passed=passed, seconds=seconds)


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The product that all faults share; each begins with workers of its own."""
    product = Product(tmp_path_factory.mktemp("chaos"))
    try:
        yield product.start()
    finally:
        product.stop()


@pytest.fixture
def product(running: Product, seed: int) -> Product:
    running.seed = seed
    return running
