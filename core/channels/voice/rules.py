"""What a call says, in words and in TwiML: everything twice, and which keys answer."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

LONGEST = 250
"""Twilio takes 4,000 letters for the whole call, and each may have to be written as five."""
WAIT_SECONDS = 8
REPEAT = "*"
ANSWERS = ("1", "2")
DIGITS = f"{''.join(ANSWERS)}{REPEAT}"
KEYS = "Press 1 to acknowledge. Press 2 to pass it on. Press star to hear it again."
WRONG_KEY = f"This key means nothing here. {KEYS}"
TAKEN = "This key was taken already. Goodbye."
GOODBYE = "No key was pressed. Goodbye."


def call(words: str, *, keys_at: str, resent: bool = False) -> str:
    """The whole call; without an address for keys it only speaks."""
    said = sentences(words, asks=bool(keys_at), resent=resent)
    if not keys_at:
        return response(*(say(each) for each in said))
    return response(*(asked(each, keys_at=keys_at) for each in said), say(GOODBYE))


def sentences(words: str, *, asks: bool, resent: bool = False) -> list[str]:
    """What is said the first and the second time, with the keys where one is asked for."""
    said = speakable(words)
    said = f"Again: {said}" if resent else said
    return [f"Watchbill. {said} {KEYS}", f"I repeat. {said} {KEYS}"] if asks else [f"Watchbill. {said}", said]


def repeated(words: str) -> str:
    """What is said to whoever wants to hear it once more."""
    return f"I repeat. {speakable(words)} {KEYS}"


def asked(words: str, *, keys_at: str) -> str:
    """Speak and wait for one key, which is reported to an address."""
    attributes = (
        f'input="dtmf" numDigits="1" timeout="{WAIT_SECONDS}" method="POST" action={quoteattr(keys_at)}'
    )
    return f"<Gather {attributes}>{say(words)}</Gather>"


def say(words: str) -> str:
    """Speak."""
    return f"<Say>{escape(words)}</Say>"


def response(*verbs: str) -> str:
    """Verbs as one document."""
    return f'<?xml version="1.0" encoding="UTF-8"?><Response>{"".join(verbs)}</Response>'


def speakable(words: str) -> str:
    """One line of printable letters, short enough to listen to."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in words).split())
    return line if len(line) <= LONGEST else f"{line[:LONGEST].rsplit(' ', 1)[0]}, and so on."


def spelled(code: str) -> str:
    """A code one letter at a time."""
    return ", ".join(code)
