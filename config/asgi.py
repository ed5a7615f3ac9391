"""One port, three ways: live streams on Django's ASGI, alerts straight into Postgres, the rest on WSGI.

Django's WSGI in a bounded pool of threads serves pages two to four times as fast as its ASGI, but a stream
would hold such a thread for as long as a browser looks. A body reaches an application whole or not at all.
"""

import asyncio
import os
from typing import Any

from a2wsgi import WSGIMiddleware
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application

from core.stack import bodies
from core.stack.bodies import Receive, Scope, Send

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
THREADS = 8
MAX_BODY_BYTES: int = settings.MAX_BODY_BYTES

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
        await _refuse(scope, send)
    else:
        whole = bodies.with_length(scope, len(body)) if body else scope
        await _pages(whole, bodies.replay(body, receive), send)


async def _refuse(scope: Scope, send: Send) -> None:
    """Say that it is too large: to a browser in a page from which one goes back to what one wrote."""
    most = f"{MAX_BODY_BYTES // 1_000_000} MB"
    kind, body = (
        b"application/problem+json",
        b'{"type":"about:blank","title":"The request is too large","status":413}',
    )
    if any(name == b"accept" and b"text/html" in value for name, value in scope["headers"]):
        kind = b"text/html; charset=utf-8"
        body = (
            "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=width=device-width>"
            f"<title>Too large</title><h1>Too large</h1><p>What you sent has more than {most}. Nothing was kept."
            " Go back, and send less at once or link it: what you wrote is still there.</p></html>"
        ).encode()
    await send(
        {
            "type": "http.response.start",
            "status": 413,
            "headers": [
                (b"content-type", kind),
                (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
                (b"connection", b"close"),
            ],
        }
    )
    await send({"type": "http.response.body", "body": body})
