"""Read files that say what a company runs: Watchbill's own format and Backstage's `catalog-info.yaml`."""

from incidents.inventory.rules.entries import Entry, Given, Link, Unreadable
from incidents.inventory.rules.reading import LARGEST, read
from incidents.inventory.rules.refs import Ref, parse_ref

__all__ = ["LARGEST", "Entry", "Given", "Link", "Ref", "Unreadable", "parse_ref", "read"]
