"""Every kind of channel: imported, each makes itself known."""

from __future__ import annotations

from core.channels.discord import transport as _discord  # noqa: F401
from core.channels.email import transport as _email  # noqa: F401
from core.channels.google_chat import transport as _google_chat  # noqa: F401
from core.channels.gotify import transport as _gotify  # noqa: F401
from core.channels.matrix import topics as _matrix_topics  # noqa: F401
from core.channels.matrix import transport as _matrix  # noqa: F401
from core.channels.mattermost import topics as _mattermost_topics  # noqa: F401
from core.channels.mattermost import transport as _mattermost  # noqa: F401
from core.channels.ntfy import transport as _ntfy  # noqa: F401
from core.channels.null import transport as _null  # noqa: F401
from core.channels.push import transport as _push  # noqa: F401
from core.channels.pushover import transport as _pushover  # noqa: F401
from core.channels.slack import topics as _slack_topics  # noqa: F401
from core.channels.slack import transport as _slack  # noqa: F401
from core.channels.sms import transport as _sms  # noqa: F401
from core.channels.teams import transport as _teams  # noqa: F401
from core.channels.telegram import transport as _telegram  # noqa: F401
from core.channels.voice import transport as _voice  # noqa: F401
from core.channels.webhook import transport as _webhook  # noqa: F401
