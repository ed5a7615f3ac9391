import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from core.stack import processes
from tests.waiting import until

ROOT = Path(__file__).parents[3]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_a_child_ends_with_its_killed_parent() -> None:
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            textwrap.dedent(
                """
                from core.stack.processes import spawn
                child = spawn(["sleep", "60"])
                print(child.pid, flush=True)
                child.wait()
                """
            ),
        ],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    with parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert alive(child)
        os.kill(parent.pid, signal.SIGKILL)
    until(lambda: not alive(child), seconds=5)


def test_a_data_folder_has_one_user_at_a_time(tmp_path: Path) -> None:
    held = processes.lock_folder(tmp_path)
    with held, pytest.raises(processes.FolderBusy, match=rf"running on .* \(process {os.getpid()}\)"):
        processes.lock_folder(tmp_path)
    processes.lock_folder(tmp_path).close()


def test_a_private_file_is_private_from_its_first_byte_and_never_half(tmp_path: Path) -> None:
    file = tmp_path / "env"
    processes.write_private(file, "A=1\n")
    processes.write_private(file, "A=2\n")
    assert file.read_text() == "A=2\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["env"]
