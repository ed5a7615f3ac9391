"""Everything that is asked about load: whose, what it was, and what is paid for it."""

from oncall.load.queries.loads import Load, came, loads, night_limit, pages_of, weekends
from oncall.load.queries.people import managed, members, rates
from oncall.load.queries.reliance import Relied, relied
from oncall.load.queries.tables import pay_table, table, weeks_table

__all__ = [
    "Load",
    "Relied",
    "came",
    "loads",
    "managed",
    "members",
    "night_limit",
    "pages_of",
    "pay_table",
    "rates",
    "relied",
    "table",
    "weekends",
    "weeks_table",
]
