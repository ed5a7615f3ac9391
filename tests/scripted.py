"""A mail server that misbehaves by script."""

from __future__ import annotations

import socket
import struct
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field


@dataclass
class Scripted:
    """A mail server that answers each command from a script: a reply, None to hang, or "" to hang up.

    "body" stands for the first line of a mail: whatever the script says of it, the connection is reset there. Every
    mail that came whole and was not refused is in `mails` with its time.
    """

    script: dict[str, str | None]
    said: list[str] = field(default_factory=list)
    connections: int = 0
    mails: list[tuple[float, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self._over = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=[connection], daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with suppress(ConnectionError), connection, connection.makefile("rb") as lines:
            if not self._answer(connection, "connect", "220 scripted"):
                return
            in_data, mail = False, b""
            for line in lines:
                word = b"".join(line.split(b":")[0].split()[:1]).decode(errors="replace").lower()
                if in_data and "body" in self.script:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.said.append("body")
                    return
                if in_data:
                    if line != b".\r\n":
                        mail += line
                        continue
                    if not (self.script.get("dot", "250") or "2").startswith(("4", "5")):
                        self.mails.append((time.time(), mail))
                    in_data, word, mail = False, "dot", b""
                self.said.append(word)
                in_data = word == "data" and "data" not in self.script
                if not self._answer(connection, word, "354 go on" if in_data else "250 fine"):
                    return

    def _answer(self, connection: socket.socket, word: str, otherwise: str) -> bool:
        reply = self.script.get(word, otherwise)
        if reply is None:
            self._over.wait(10)
            return False
        if not reply:
            return False
        connection.sendall(f"{reply}\r\n".encode())
        return True

    def stop(self) -> None:
        self._over.set()
        self.listener.close()
