"""Lines of the log that nobody else can write: what comes from outside begins no line and hides nothing."""

from __future__ import annotations

import logging


class OneLine(logging.Formatter):
    """One line for a record; only what is below it, as a traceback, has more, and each of these is set in."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record, with every letter that is not printed written out."""
        first, *below = super().format(record).splitlines() or [""]
        return "\n".join([first, *(f"  {visible(line)}" for line in below)])

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging names it
        """Write the head of a record, with its message in one line."""
        record.message = visible(record.message)
        return super().formatMessage(record)


def visible(text: str) -> str:
    """A text with its line breaks, escapes and invisible letters written out, as "\\n"."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text
    )
