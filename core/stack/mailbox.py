"""A mail server for a run without one: `python -m core.stack.mailbox <port> <folder>` keeps mail as files."""

import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class Files:
    """Writes what arrives to `<folder>/<time>-<number>.eml`, readable by its owner alone."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder = folder
        self.count = 0

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep one message; aiosmtpd calls it by this name."""
        self.count += 1
        name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{self.count:04}.eml"
        draft = self.folder / f".{name}"
        draft.write_bytes(envelope.content if isinstance(envelope.content, bytes) else b"")
        draft.rename(self.folder / name)
        return "250 Message kept"


def serve(port: int, folder: Path) -> None:
    """Take mail on 127.0.0.1:`port` until SIGTERM."""
    controller = Controller(Files(folder), hostname="127.0.0.1", port=port)
    controller.start()
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    controller.stop()


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    serve(int(sys.argv[1]), Path(sys.argv[2]))
