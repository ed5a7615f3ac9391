from statuspage.components.api import Components, Pages
from statuspage.notices.api import Notices

routes = [
    ("status-pages", Pages, "status-page"),
    ("components", Components, "component"),
    ("notices", Notices, "notice"),
]
