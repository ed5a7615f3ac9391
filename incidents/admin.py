from incidents.catalog import admin as catalog
from incidents.lifecycle import admin as lifecycle
from incidents.severities import admin as severities
from incidents.updates import admin as updates

__all__ = ["catalog", "lifecycle", "severities", "updates"]
