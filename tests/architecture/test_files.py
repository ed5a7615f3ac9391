"""What the repository as a whole must not say."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# In pieces, so that this file does not name them itself.
REGISTRIES = [
    "py" + "pi.org",
    "python" + "hosted.org",
    "npm" + "js.org",
    "npm" + "js.com",
    "yarn" + "pkg.com",
    "un" + "pkg.com",
    "js" + "delivr.net",
    "deb." + "debian.org",
    "docker" + ".io",
    "ghcr" + ".io",
]
PINS = sorted((ROOT / "requirements").glob("*.txt"))


def tracked() -> list[Path]:
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [ROOT / name for name in names.decode().split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("pins", PINS, ids=lambda path: path.name)
def test_the_pins_name_no_host(pins: Path) -> None:
    assert not re.findall(r"https?://|file:|--(?:extra-)?index-url|--find-links|@ ", pins.read_text())


@pytest.mark.parametrize("pins", PINS, ids=lambda path: path.name)
def test_every_pin_has_an_exact_version_and_a_hash(pins: Path) -> None:
    for entry in pins.read_text().replace("\\\n", " ").splitlines():
        assert re.match(r"[\w.-]+(\[[\w,-]+\])?==[\w.]+", entry), entry
        assert "--hash=sha256:" in entry, entry


def test_the_pins_of_a_smaller_set_are_those_of_the_larger() -> None:
    def versions(name: str) -> set[str]:
        return set(
            re.findall(r"^[\w.-]+(?:\[[\w,-]+\])?==[\w.]+", (ROOT / "requirements" / name).read_text(), re.M)
        )

    assert versions("production.txt") <= versions("base.txt") <= versions("dev.txt")


def test_no_file_names_a_package_registry() -> None:
    pattern = re.compile("|".join(map(re.escape, REGISTRIES)).encode())
    found = [str(path.relative_to(ROOT)) for path in tracked() if pattern.search(path.read_bytes())]
    assert found == []


def test_nothing_sleeps_where_it_could_wait() -> None:
    pattern = re.compile(rb"\btime\.sleep\(|from time import .*\bsleep\b")
    python = (path for path in tracked() if path.suffix == ".py")
    assert [str(path.relative_to(ROOT)) for path in python if pattern.search(path.read_bytes())] == []


def test_the_licence_is_apache_2() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert 'license = "Apache-2.0"' in (ROOT / "pyproject.toml").read_text()


def test_whatever_the_product_asks_for_is_pinned() -> None:
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = {
        "production.txt": asked["project"]["dependencies"],
        "base.txt": asked["project"]["optional-dependencies"]["local"],
        "dev.txt": asked["dependency-groups"]["dev"],
    }
    for file, requirements in wanted.items():
        pinned = set(re.findall(r"^([\w.-]+)", (ROOT / "requirements" / file).read_text(), re.M))
        names = {re.match(r"[\w.-]+", requirement)[0].lower() for requirement in requirements}  # type: ignore[index]
        assert names <= pinned, f"make lock: {names - pinned}"
