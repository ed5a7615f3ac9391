"""What `make chaos` writes is what it counted, and says what is still to be run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.chaos import report
from tests.chaos.oracle import Verdict

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

F02, F03, F10 = "chaos::test_f02[1]", "chaos::test_f03[1]", "chaos::test_f10[1]"


def test_the_page_names_what_failed_and_what_is_to_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, page = tmp_path / "kept", tmp_path / "page.md"
    monkeypatch.setenv("CHAOS_REPORT", str(kept))
    report.begin([F02, F03, F10])
    report.note("F-02", Verdict(delays=[0.1, 0.3], duplicates=2), seed=1, alerts=200)
    report.end(F02, passed=True, seconds=4)
    report.end(F03, passed=False, seconds=4)
    assert report.survived() == {F02}
    assert report.write(kept, page) == {F03, F10}
    text = " ".join(page.read_text().split())
    assert (
        "| F-02 | workers are killed after claiming, before sending | 1 | 200 | 0 | 2 | 0.20 | 0.30 | 0.30 |"
        in text
    )
    assert "Failed on the way: `test_f03[1]` (1). Still to pass: `test_f03[1]`, `test_f10[1]`." in text
    # Another call goes on from there.
    report.end(F03, passed=True, seconds=4)
    report.end(F10, passed=True, seconds=4)
    assert report.write(kept, page) == set()
    assert "Still to pass" not in page.read_text()


def test_what_failed_counts_for_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, page = tmp_path / "kept", tmp_path / "page.md"
    monkeypatch.setenv("CHAOS_REPORT", str(kept))
    report.begin([F03])
    report.note("F-03", Verdict(delays=[0.1], lost=["one"]), seed=1, alerts=200)
    report.end(F03, passed=False, seconds=4)
    assert report.survived() == set()
    assert report.write(kept, page) == {F03}
    assert "| F-03 |" not in page.read_text()
