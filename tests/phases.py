"""`make test`: first everything that is safe side by side, then, alone, what runs browsers and whole products."""

import os
import subprocess
import sys
from tempfile import TemporaryDirectory

from tests.databases import DUMP

ALONE = "browser or prometheus or journey or chaos"
ALL_SIDE_BY_SIDE = ("--ignore", "tests/core/api/test_contract.py")
"""What takes long to collect and has nothing for the second phase."""


def main(paths: list[str]) -> int:
    """Run the phases, or only what was asked for; 0 when all of it passed."""
    pytest = [sys.executable, "-m", "pytest"]
    if paths:
        return subprocess.run([*pytest, *paths], check=False).returncode
    with TemporaryDirectory() as folder:
        os.environ.setdefault(DUMP, f"{folder}/migrated.sql")
        return _run(pytest)


def _run(pytest: list[str]) -> int:
    side_by_side = ["-n", str(min(4, os.cpu_count() or 1))]
    codes = [
        subprocess.run([*pytest, *side_by_side, "-m", f"not ({ALONE})"], check=False).returncode,
        subprocess.run([*pytest, *ALL_SIDE_BY_SIDE, "-m", f"({ALONE}) and not full"], check=False).returncode,
    ]
    return max(codes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
