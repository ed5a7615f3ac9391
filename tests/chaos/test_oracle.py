"""The oracle is not blind: with the engine's two safeguards taken out, the same comparison finds what is lost."""

from __future__ import annotations

import pytest

from tests.chaos.harness import LEASE_SECONDS, Product

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(120)]


def test_marking_before_sending_loses_pages_and_is_found_out(product: Product) -> None:
    product.begin(failpoints="mark_before_send:on,after_claim:die-4")
    verdict = product.survive("early", patience=LEASE_SECONDS + 3)
    assert len(product.struck("after_claim")) == 4
    assert len(verdict.lost) >= 4
    assert len(verdict.lies) >= 4
    assert not verdict.is_clean


def test_not_rescuing_leases_loses_pages_and_is_found_out(product: Product) -> None:
    product.begin(failpoints="no_lease_rescue:on,after_claim:die-4")
    verdict = product.survive("stuck", patience=LEASE_SECONDS + 3)
    assert len(product.struck("after_claim")) == 4
    assert len(verdict.lost) >= 4
    assert not verdict.is_clean
