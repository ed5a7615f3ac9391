from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from core import live
from core.errors import Refused
from incidents.catalog.models import Service, ServiceLink

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from core.accounts.models import Team, User

FIELDS = (
    "name",
    "slug",
    "kind",
    "description",
    "customers_say",
    "tier",
    "is_being_replaced",
    "team",
    "origin",
    "is_active",
)


class NameTaken(Refused):
    """Two services of one name would be taken for each other."""


class DependsOnItself(Refused):
    """A service does not depend on itself."""


@transaction.atomic
def create_service(*, name: str, team: Team, slug: str = "", **details: Any) -> Service:
    """Add a service; without a slug its name makes one."""
    related = _take_related(details)
    service = Service(name=name.strip(), team=team, slug=slug or slugify(name)[:60], **details)
    _save(service)
    _relate(service, **related)
    return service


@transaction.atomic
def change_service(service: Service, *, changes: Mapping[str, Any]) -> Service:
    """Change what is known of a service; only the fields given."""
    given = dict(changes)
    related = _take_related(given)
    for name, value in given.items():
        setattr(service, name, value)
    _save(service, [name for name in given if name in FIELDS])
    _relate(service, **related)
    return service


def _take_related(details: dict[str, Any]) -> dict[str, Any]:
    return {name: details.pop(name) for name in ("depends_on", "experts", "links") if name in details}


def _save(service: Service, fields: list[str] | None = None) -> None:
    try:
        with transaction.atomic():
            service.save(update_fields=fields)
    except IntegrityError as error:
        raise NameTaken(f"There is a service “{service.name}” or “{service.slug}” already.") from error
    live.changed("services")


def _relate(
    service: Service,
    *,
    depends_on: Iterable[Service] | None = None,
    experts: Iterable[User] | None = None,
    links: Iterable[Mapping[str, str]] | None = None,
) -> None:
    if depends_on is not None:
        wanted = list(depends_on)
        if service in wanted:
            raise DependsOnItself("A service does not depend on itself.")
        service.depends_on.set(wanted)
    if experts is not None:
        service.experts.set(experts)
    if links is not None:
        service.links.all().delete()
        ServiceLink.objects.bulk_create(ServiceLink(service=service, **link) for link in links)
