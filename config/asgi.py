"""One port, three ways: live streams on Django's ASGI, alerts straight into Postgres, the rest on WSGI.

Django's WSGI in a bounded pool of threads serves pages two to four times as fast as its ASGI, but a stream
would hold such a thread for as long as a browser looks. A body reaches an application whole or not at all.
"""

import asyncio
import os
from typing import Any

from a2wsgi import WSGIMiddleware
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application

from core.stack import bodies
from core.stack.bodies import Receive, Scope, Send

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
THREADS = 8
MAX_BODY_BYTES = 6_000_000

_streams: Any = get_asgi_application()
_wsgi: Any = get_wsgi_application()
_pages: Any = WSGIMiddleware(_wsgi, workers=THREADS)

from oncall.alerts import accept  # noqa: E402 - it drains the spool into models, which are known only now


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Hand a request to the application that suits it."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1000, "reason": "not offered here"})
    elif accept.is_ingest(scope["path"]):
        await accept.application(scope, receive, send)
    elif scope["path"].startswith("/live/"):
        await _streams(scope, receive, send)
    else:
        await _page(scope, receive, send)


async def _lifespan(receive: Receive, send: Send) -> None:
    await receive()
    watch = asyncio.create_task(accept.watch())
    await send({"type": "lifespan.startup.complete"})
    await receive()
    watch.cancel()
    await accept.close()
    await send({"type": "lifespan.shutdown.complete"})


async def _page(scope: Scope, receive: Receive, send: Send) -> None:
    try:
        body = await bodies.whole(scope, receive, limit=MAX_BODY_BYTES)
    except bodies.CutOff:
        return  # nobody is there to be answered
    except bodies.TooLarge:
        await _refuse(send)
    else:
        whole = bodies.with_length(scope, len(body)) if body else scope
        await _pages(whole, bodies.replay(body, receive), send)


async def _refuse(send: Send) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": 413,
            "headers": [(b"content-type", b"application/problem+json"), (b"connection", b"close")],
        }
    )
    body = b'{"type":"about:blank","title":"The request is too large","status":413}'
    await send({"type": "http.response.body", "body": body})
