"""A web site on 127.0.0.1 that answers at each path what it is told to."""

from __future__ import annotations

from tests.http_peer import Answer, HttpPeer, Request


class Site(HttpPeer):
    """Answers `pages` by path, 404 elsewhere, and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.pages: dict[str, Answer] = {}
        self.requests: list[Request] = []

    def redirect(self, path: str, *, to: str) -> None:
        """Send whoever asks for a path elsewhere."""
        self.pages[path] = Answer(302, "", {"Location": to})

    def respond(self, request: Request) -> Answer:
        """Answer as told, while it does not hang."""
        self.held()
        self.requests.append(request)
        return self.pages.get(request.path, Answer(404))
