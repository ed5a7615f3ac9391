"""`make mutants`: whether the tests notice when the rules of schedules are changed; ends non-zero below nine of ten."""

import json
import subprocess
import sys
from pathlib import Path

MUTMUT = [sys.executable, "-m", "mutmut"]
FOUND = Path("mutants/mutmut-cicd-stats.json")
LEAST = 0.9


def main() -> int:
    """Change and test, then print what survived; 1 when too many did."""
    subprocess.run([*MUTMUT, "run"], check=True)
    subprocess.run([*MUTMUT, "results"], check=True)
    subprocess.run([*MUTMUT, "export-cicd-stats"], check=True)
    counts = json.loads(FOUND.read_text())
    # One that never ends is noticed, too.
    noticed = counts["killed"] + counts["timeout"] + counts["segfault"]
    share = noticed / counts["total"]
    sys.stdout.write(f"{noticed} of {counts['total']} mutants noticed: {share:.1%}\n")
    return int(share < LEAST)


if __name__ == "__main__":
    sys.exit(main())
