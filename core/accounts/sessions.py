"""Sessions in Postgres that know whose they are, so that a person can see and end them.

The table holds a hash of each key: a copy of the database opens no browser.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.utils import timezone

from core.accounts.models import Session

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

ADDRESS = "address"
AGENT = "agent"
BEGAN = "began_at"
SEEN = "seen_at"
SEEN_EVERY = timedelta(minutes=10)


def digest(key: str) -> str:
    """Give what the table holds of a session's key."""
    return hashlib.sha256(key.encode()).hexdigest()[:40]


def note_visit(request: HttpRequest) -> None:
    """Note that the session is in use, at most every ten minutes; that also moves its end."""
    last = request.session.get(SEEN)
    now = timezone.now()
    if last is None or now.timestamp() - last >= SEEN_EVERY.total_seconds():
        request.session[SEEN] = now.timestamp()


class SessionStore(DatabaseStore):
    """Django's store on a table of our own."""

    @classmethod
    def get_model_class(cls) -> type[Any]:
        """Name the table."""
        return Session

    @property
    def row_key(self) -> str:
        """The key under which this session's row is found."""
        return digest(self.session_key or "")

    def _get_session_from_db(self) -> Session | None:
        found = self._mine().first()
        if found is None:
            self._session_key = None
        return found

    async def _aget_session_from_db(self) -> Session | None:
        found = await self._mine().afirst()
        if found is None:
            self._session_key = None
        return found

    def _mine(self) -> QuerySet[Session]:
        return Session.objects.filter(session_key=self.row_key, expire_date__gt=timezone.now())

    def exists(self, session_key: str) -> bool:
        """Say whether a session has this key."""
        return Session.objects.filter(session_key=digest(session_key)).exists()

    async def aexists(self, session_key: str) -> bool:
        """Say whether a session has this key."""
        return await Session.objects.filter(session_key=digest(session_key)).aexists()

    def delete(self, session_key: str | None = None) -> None:
        """End a session."""
        if key := session_key or self.session_key:
            Session.objects.filter(session_key=digest(key)).delete()

    async def adelete(self, session_key: str | None = None) -> None:
        """End a session."""
        if key := session_key or self.session_key:
            await Session.objects.filter(session_key=digest(key)).adelete()

    def create_model_instance(self, data: dict[str, Any]) -> Session:  # type: ignore[override]
        """Give the row to write."""
        return self._row(data, self._get_or_create_session_key())  # type: ignore[attr-defined]

    async def acreate_model_instance(self, data: dict[str, Any]) -> Session:  # type: ignore[override]
        """Give the row to write."""
        return self._row(data, await self._aget_or_create_session_key())  # type: ignore[attr-defined]

    def _row(self, data: dict[str, Any], key: str) -> Session:
        now = timezone.now()
        return Session(
            session_key=digest(key),
            session_data=self.encode(data),
            expire_date=self.get_expiry_date(),
            user_id=data.get(SESSION_KEY),
            address=data.get(ADDRESS),
            agent=data.get(AGENT, ""),
            created_at=datetime.fromtimestamp(data.get(BEGAN, now.timestamp()), UTC),
            seen_at=now,
        )
