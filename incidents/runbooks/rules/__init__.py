"""What a runbook says, read from its Markdown. Callers use this module; its parts are an arrangement of files. Pure."""

from incidents.runbooks.rules.alerts import Matcher, matchers_in_words, matches, read_matchers
from incidents.runbooks.rules.document import Head, difference, read_document, write_document
from incidents.runbooks.rules.steps import (
    RUN,
    TITLES,
    Escalation,
    Option,
    Section,
    Step,
    Structure,
    lacking,
    plain,
    read,
)

__all__ = [
    "RUN",
    "TITLES",
    "Escalation",
    "Head",
    "Matcher",
    "Option",
    "Section",
    "Step",
    "Structure",
    "difference",
    "lacking",
    "matchers_in_words",
    "matches",
    "plain",
    "read",
    "read_document",
    "read_matchers",
    "write_document",
]
