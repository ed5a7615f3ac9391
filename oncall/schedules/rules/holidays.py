"""Public holidays of a country, or of a part of it: which dates, and what they are called there."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache, lru_cache

import holidays
from holidays.registry import COUNTRIES

_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")


@lru_cache(maxsize=512)
def _of_year(country: str, region: str, year: int) -> tuple[tuple[date, str], ...]:
    # Without a language the library takes that of the server's locale.
    spoken = holidays.country_holidays(country).default_language
    found = holidays.country_holidays(country, subdiv=region or None, years=year, language=spoken)
    return tuple(sorted(found.items()))


def between(place: str, first: date, last: date) -> list[tuple[date, str]]:
    """The public holidays of a place, as DE or DE-BY, from one date to another, both included, with their names."""
    country, _, region = place.partition("-")
    years = range(first.year, last.year + 1)
    return [each for year in years for each in _of_year(country, region, year) if first <= each[0] <= last]


def dates(place: str, years: Iterable[int]) -> frozenset[date]:
    """The dates of the public holidays of a place in some years."""
    country, _, region = place.partition("-")
    return frozenset(day for year in years for day, _ in _of_year(country, region, year))


@cache
def countries() -> Mapping[str, str]:
    """The countries whose holidays are known, by code: their names, in the order of these."""
    known = {codes[1]: _WORDS.sub(" ", codes[0]) for codes in COUNTRIES.values()}
    return dict(sorted(known.items(), key=lambda pair: pair[1]))


def regions(country: str) -> list[str]:
    """The parts of a country that have holidays of their own."""
    return list(holidays.list_supported_countries().get(country, []))


def complaint(place: str) -> str:
    """Say what is wrong with a place; nothing where its holidays are known."""
    country, dash, region = place.partition("-")
    if country not in countries():
        return f"No public holidays are known of {country!r}. A country is two letters, as DE."
    if dash and region not in regions(country):
        parts = ", ".join(regions(country)) or "no parts with holidays of their own"
        return f"This country has {parts}."
    return ""
