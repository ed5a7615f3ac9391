"""docs/private-incidents.md names tests that exist, for each criterion of X-20 to X-29."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_each_criterion_is_shown_by_tests_that_exist() -> None:
    text = (ROOT / "docs" / "private-incidents.md").read_text()
    rows = dict(re.findall(r"^\| (X-\d\d) \| [^|]+ \| ([^|]+) \|$", text, re.MULTILINE))
    assert sorted(rows) == [f"X-{number}" for number in range(20, 30)]
    for criterion, tests in rows.items():
        for test in tests.split(","):
            path, _, name = test.strip().partition("::")
            code = (ROOT / path).read_text() if (ROOT / path).is_file() else ""
            assert re.search(rf"^ *(async )?def {name}\(", code, re.MULTILINE), f"{criterion}: no test {test}"
