from postmortems.action_items.api import ActionItems
from postmortems.reports.api import Postmortems

routes = [
    ("postmortems", Postmortems, "postmortem"),
    ("action-items", ActionItems, "action-item"),
]
