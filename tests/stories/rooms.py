"""Stories are played through the API, by a clock that stands where they say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from core.events import bus
from incidents.audiences import operations as audiences
from incidents.closing.models import ClosingCriterion
from incidents.models import AudienceList
from tests import cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from rest_framework.test import APIClient

    from core.accounts.models import User


class Room:
    """One incident, as a commander's program sees it."""

    def __init__(
        self, go: Callable[[datetime], None], day: datetime, *, declared: str, commander: User, **given: Any
    ) -> None:
        self._go, self._day = go, day
        self.at(declared)
        self.client: APIClient = cast.caller(commander)
        self.number: str = self._ok("post", "/api/v1/incidents/", given)["number"]

    def at(self, clock: str) -> datetime:
        """Let it be that time of the day of the story."""
        hour, minute = map(int, clock.split(":"))
        moment = self._day.replace(hour=hour, minute=minute)
        self._go(moment)
        return moment

    def _ok(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = getattr(self.client, method)(path, body, format="json")
        assert answer.status_code in {200, 201}, answer.content
        while bus.deliver_due():
            pass
        found: dict[str, Any] = answer.json()
        return found

    @property
    def path(self) -> str:
        return f"/api/v1/incidents/{self.number}/"

    def post(self, verb: str, **body: Any) -> dict[str, Any]:
        """Do something, which has to work."""
        return self._ok("post", f"{self.path}{verb}/", body)

    def patch(self, **body: Any) -> dict[str, Any]:
        """Correct something."""
        return self._ok("patch", self.path, body)

    def now(self) -> dict[str, Any]:
        """Read the incident."""
        return self._ok("get", self.path, {})

    def closing(self) -> dict[str, Any]:
        """Read what stands between it and its end."""
        return self._ok("get", f"{self.path}closing/", {})

    def resolve(self, **body: Any) -> dict[str, Any]:
        """Resolve it with everything confirmed."""
        return self.post("resolve", **{"confirmed": confirmed(), **body})

    def refused(self, verb: str = "resolve", **body: Any) -> str:
        """Try something that is refused by the state of the incident, and give why."""
        if verb == "resolve":
            body = {"confirmed": confirmed(), **body}
        answer = self.client.post(f"{self.path}{verb}/", body, format="json")
        assert answer.status_code == 409, answer.content
        said: str = answer.json()["detail"]
        return said


def reach_customers() -> None:
    """Let there be a customer and an executive who are written to."""
    for slug, email in (("customers", "buyer@example.org"), ("executives", "chief@example.com")):
        row = AudienceList.objects.get(slug=slug)
        audiences.put_on(row, who=audiences.Who(email=email), actor=None)


def confirmed() -> list[str]:
    """Every criterion."""
    return list(ClosingCriterion.objects.active().values_list("slug", flat=True))


def day(year: int, month: int, number: int) -> datetime:
    """Midnight in UTC."""
    return datetime(year, month, number, tzinfo=UTC)
