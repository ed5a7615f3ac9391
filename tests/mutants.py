"""`make mutants`: whether the tests notice when the rules of schedules are changed; ends non-zero below nine of ten."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

MUTMUT = [sys.executable, "-m", "mutmut"]
FOUND = Path("mutants/mutmut-cicd-stats.json")
RULES = "oncall.schedules.rules."
REASONS = Path(__file__).parent / "oncall/schedules/survivors.toml"
LEAST = 0.9


def main() -> int:
    """Change and test, then print what survived and why; 1 when too many did."""
    subprocess.run([*MUTMUT, "run"], check=True)
    shown = subprocess.run([*MUTMUT, "results"], check=True, capture_output=True, text=True).stdout
    sys.stdout.write("".join(f"{line}\n" for line in report(shown)))
    subprocess.run([*MUTMUT, "export-cicd-stats"], check=True)
    counts = json.loads(FOUND.read_text())
    # One that never ends is noticed, too.
    noticed = counts["killed"] + counts["timeout"] + counts["segfault"]
    share = noticed / counts["total"]
    sys.stdout.write(f"{noticed} of {counts['total']} mutants noticed: {share:.1%}\n")
    return int(share < LEAST)


def report(shown: str) -> list[str]:
    """Give each change that was not noticed with the reason that its function has, or none."""
    reasons = tomllib.loads(REASONS.read_text())
    found = re.findall(r"^\s*(\S+): (survived|no tests)$", shown, re.MULTILINE)
    return [
        f"{name}, {state}: {reasons.get(function(name), {}).get('reason', 'NO REASON')}"
        for name, state in found
    ]


def function(name: str) -> str:
    """Name the function that a change is of, as `turns.days_of`."""
    return re.sub(r"x_|xǁ", "", name.removeprefix(RULES).partition("__mutmut_")[0], count=1).replace("ǁ", ".")


if __name__ == "__main__":
    sys.exit(main())
