"""Everything that is asked about load: whose, and what it was."""

from oncall.load.queries.loads import Load, loads, night_limit
from oncall.load.queries.people import managed, members
from oncall.load.queries.tables import months_table, table

__all__ = ["Load", "loads", "managed", "members", "months_table", "night_limit", "table"]
