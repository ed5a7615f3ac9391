from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from core import failpoints

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'config.settings'; from core import failpoints; failpoints.hit('here'); failpoints.hit('there'); print('alive')"


def _run(folder: Path, armed: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "WATCHBILL_FAILPOINTS": armed, "WATCHBILL_DATA_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_nothing_is_armed_by_itself(tmp_path: Path) -> None:
    assert _run(tmp_path, "").stdout == "alive\n"
    assert _run(tmp_path, "elsewhere:die").stdout == "alive\n"


def test_die_ends_the_process_as_kill_9_does(tmp_path: Path) -> None:
    for _ in range(2):
        assert _run(tmp_path, "there:die").returncode == -signal.SIGKILL


def test_die_once_ends_only_the_first_process_which_leaves_its_pid(tmp_path: Path) -> None:
    assert _run(tmp_path, "here:die-once").returncode == -signal.SIGKILL
    assert (tmp_path / "failpoints" / "here.1").read_text().isdigit()
    assert _run(tmp_path, "here:die-once").stdout == "alive\n"


def test_die_3_ends_the_first_three(tmp_path: Path) -> None:
    codes = [_run(tmp_path, "there:die-3").returncode for _ in range(4)]
    assert codes == [-signal.SIGKILL] * 3 + [0]
    assert len(list((tmp_path / "failpoints").iterdir())) == 3


def test_raise_raises_and_on_is_a_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failpoints, "_armed", lambda: {"here": "raise", "switch": "on"})
    with pytest.raises(failpoints.Struck, match="here"):
        failpoints.hit("here")
    failpoints.hit("switch")
    assert failpoints.is_on("switch")
    assert not failpoints.is_on("here")
