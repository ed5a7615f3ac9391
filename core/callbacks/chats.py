"""Buttons that were pressed in chats. Every address here answers 403 to what its service did not sign or seal."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING

from django.http import HttpResponse, JsonResponse

from core.callbacks import operations, replies
from core.callbacks.doors import from_outside, key_of, refused
from core.callbacks.replies import Reply
from core.channels import chat
from core.channels.discord import presses as discord
from core.channels.slack import presses as slack
from core.channels.telegram import updates as telegram

if TYPE_CHECKING:
    from django.http import HttpRequest

    from core.channels.chat import Press

NOTHING = "Nothing was done: open the link in the message."


@from_outside
def slack_pressed(request: HttpRequest) -> HttpResponse:
    """A button in Slack; what came of it is told to whoever pressed it."""
    stamp = request.headers.get("X-Slack-Request-Timestamp", "")
    signature = request.headers.get("X-Slack-Signature", "")
    # Read before anything looks at the form: what is signed are the bytes.
    body = request.body
    if not slack.is_signed(body, stamp=stamp, signature=signature):
        return refused()
    press = slack.read(request.POST.get("payload", ""))
    words = operations.once("slack", signature.encode(), lambda: _hear("slack", press))
    if words is None:
        return refused()
    if press is not None:
        slack.answer(press, words)
    return HttpResponse(status=HTTPStatus.OK)


@from_outside
def telegram_update(request: HttpRequest) -> HttpResponse:
    """What Telegram tells the bot; the answer goes back in the answer."""
    if not telegram.is_ours(request.headers.get("X-Telegram-Bot-Api-Secret-Token", "")):
        return refused()
    number, told = telegram.read(request.body)
    press = telegram.press(told)
    words = operations.once("telegram", number.encode(), lambda: _hear("telegram", press)) if number else None
    if words is None:
        return JsonResponse({})
    return JsonResponse(telegram.said_to(press, words) if press else telegram.greeting(told) or {})


@from_outside
def discord_interaction(request: HttpRequest) -> HttpResponse:
    """A button in Discord, or Discord's own question whether we check its signature."""
    stamp = request.headers.get("X-Signature-Timestamp", "")
    signature = request.headers.get("X-Signature-Ed25519", "")
    if not discord.is_signed(request.body, stamp=stamp, signature=signature):
        return refused(HTTPStatus.UNAUTHORIZED)
    told = discord.read(request.body)
    if told.get("type") == discord.PING:
        return JsonResponse({"type": discord.PONG})
    press = discord.press(told)
    words = operations.once("discord", signature.lower().encode(), lambda: _hear("discord", press))
    return refused() if words is None else JsonResponse(discord.said(words))


@from_outside
def mattermost_pressed(request: HttpRequest, message: str) -> HttpResponse:
    """A button in Mattermost, at the address that only its server was told."""
    key_of(message)
    try:
        told = json.loads(request.body)
        reply = Reply(
            channel="mattermost",
            sender=f"@{told['user_name']}",
            token=str(told["context"]["token"]),
            words=str(told["context"]["words"]),
        )
    except (KeyError, TypeError, ValueError):
        return refused()
    result = replies.hear(reply)
    return JsonResponse({"ephemeral_text": chat.plain(result.words)}) if result else refused()


def _hear(channel: str, press: Press | None) -> str:
    """What came of a press, "" where none was."""
    if press is None:
        return ""
    result = replies.hear(Reply(channel=channel, sender=press.sender, token=press.token, words=press.words))
    return result.words if result else NOTHING
