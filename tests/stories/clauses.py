"""The stories and their clauses, each proved by the tests of `test_jNN.py` that begin with its story and letter.

`python -m tests.stories.clauses` writes the table of both into README.md.
"""

from __future__ import annotations

import ast
from pathlib import Path

HERE = Path(__file__).parent
README = HERE / "README.md"
HEAD = """# Stories

Incidents that the books tell of, played again through the HTTP API with clocks that go where the story goes. Each clause
of what has to hold is a test of its own. This table is written by `python -m tests.stories.clauses`.

"""
STORIES: dict[str, tuple[str, dict[str, str]]] = {
    "J01": (
        "login fails after a deploy",
        {
            "a": "to close at 15:47 is accepted by either anchor",
            "b": "it has been stable for 60 minutes since mitigation and for 42 since monitoring",
            "c": "at 15:20 it is refused where monitoring counts",
            "d": "at 15:20 it is accepted where mitigation counts",
            "e": "each step has its time, from 14:23 to 15:47",
            "f": "the deploy of 14:18 is suspected",
            "g": "the first word outside is due at 14:44, a message to customers at 15:29",
            "h": "until they have it, somebody is reminded",
            "i": "told at the end they are late, and what happened is owed",
            "j": "the commander is not missed for nine minutes, nor once it was mitigated",
        },
    ),
    "J02": (
        "payments on the busiest day",
        {
            "a": "to resolve at 09:30 is refused by a window of 30 minutes",
            "b": "then it is accepted with a reason, or by the window of its level",
            "c": "it is reported as early",
            "d": "that metrics are at their baseline is not ticked by itself",
            "e": "detected at once, identified after 4 minutes, mitigated after 11, resolved after 14",
            "f": "three report to the commander, which is not too many",
            "g": "the decision keeps what it costs, and who accepted that",
            "h": "the first word outside and the first update are due at 09:31",
            "i": "resolved before either, it still asks for the page and for executives",
            "j": "each ends by being told, or by a reason",
        },
    ),
    "J03": (
        "checkout is slow",
        {
            "a": "acknowledged after a minute, and nobody else is asked",
            "b": "somebody commands five minutes after the alert",
            "c": "the first hypothesis stands ten minutes after it, and says when the next word is due",
            "d": "the rollback begins sixteen minutes after it",
            "e": "a task of 60 seconds is overdue at 61",
            "f": "raised to SEV1 people are paged anew, and rhythm and roles are those of it",
        },
    ),
    "J04": (
        "the commander debugs, or delegates",
        {
            "a": "ten minutes of silence are missed at 14:42",
            "b": "deputy and communications are told",
            "c": "who asks every few minutes is not missed",
            "d": "a name in a note makes a question with an answer",
            "e": "a note that begins with Decision is one, and a task for whom it names",
            "f": "found and decided in six minutes",
        },
    ),
    "J05": (
        "help is asked for late, and early",
        {
            "a": "without progress it prompts at 15:00, 15:30, 16:00 and 16:30",
            "b": "each prompt is recorded as ignored",
            "c": "looking back, the page of who helped came late: 135 minutes in, 5 minutes before it was found",
            "d": "asked early, there is no prompt",
            "e": "the page carries the message",
            "f": "it is identified five minutes after the page",
        },
    ),
    "J11": (
        "the tree of questions",
        {
            "a": "each of the five ways leads to its level",
            "b": "what is not on the way is not asked",
            "c": "the examples lead to their levels",
            "d": "numbers lead to their levels",
        },
    ),
    "J12": (
        "a read-only database off hours",
        {
            "a": "the same answers give rank 1 at 03:00 and at 15:00",
            "b": "people are paged at once",
            "c": "somebody commands from the first second",
            "d": "a trained commander is asked the moment it is declared",
        },
    ),
    "J13": (
        "declared by a command from elsewhere",
        {
            "a": "the answer has number, title, level and link",
            "b": "whoever sent it commands, until somebody takes over",
            "c": "the same command again makes no second incident",
            "d": "one for a few is neither listed nor told to others",
            "e": "without the chat it is declared on the web, once too",
        },
    ),
    "J14": (
        "half an hour without a commander",
        {
            "a": "unresolved after 30 minutes somebody has to command, and that is said",
            "b": "resolved after 29 minutes nothing is said",
            "c": "raised to P1 after 10 minutes somebody has to command at once",
            "d": "from then on nobody both commands and leads the technical work",
        },
    ),
    "J15": (
        "the rhythm of updates",
        {
            "a": "a reminder before it is due, overdue after",
            "b": "what was agreed wins over the rhythm",
            "c": "raised to SEV0 the next is due by its rhythm",
            "d": "resolved, the reminders stop",
            "e": "the overdue are listed the worst first",
            "f": "an outage of the workers makes one late reminder",
        },
    ),
    "J22": (
        "three times resolved",
        {
            "a": "each time needs its own stable period",
            "b": "the counter says three",
            "c": "the second time is warned about",
            "d": "the time to resolve is that of the last one",
            "e": "the public page never shows resolved while it is not",
        },
    ),
    "J23": (
        "a stale runbook",
        {
            "a": "tested more than six months ago, it is stale before the incident",
            "b": "a responder says that it is wrong, with the right command",
            "c": "its owner has a task to update it",
            "d": "the postmortem lists it",
        },
    ),
    "J24": (
        "a data breach",
        {
            "a": "the clock shows 72 hours from when somebody knew",
            "b": "outsiders find neither the incident nor its clock, by list, search or address",
            "c": "it is done with the reference and by whom",
            "d": "outsiders find nothing by any address of it",
            "e": "customers are neither told of it nor owed a word",
            "f": "emergency access reads alone, and ends after an hour",
            "g": "once it has ended, the commander has to look into it",
            "h": "security is called at once and has a lead of its own",
            "i": "until credentials are rotated it neither resolves nor closes",
            "j": "nothing is ticked away without words, and outsiders find none of it",
        },
    ),
    "J25": (
        "two incidents at once",
        {
            "a": "where it is allowed both rooms say that one person commands both",
            "b": "where it is not, the second begins with nobody in command and says why",
            "c": "nobody makes them command it until the first is given away",
            "d": "each has its own clocks and its own timeline",
            "e": "the board has the worst first, then the most overdue",
        },
    ),
}


def tests(story: str) -> list[str]:
    """Name the tests of a story, in the order of its file."""
    tree = ast.parse((HERE / f"test_{story.lower()}.py").read_text())
    return [
        node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


def proofs(story: str, letter: str) -> list[str]:
    """Name the tests of a clause."""
    return [name for name in tests(story) if name.startswith(f"test_{story.lower()}_{letter}_")]


def table() -> str:
    """Write all stories, clause by clause, with their tests."""
    lines = [HEAD.rstrip(), ""]
    for story, (title, clauses) in STORIES.items():
        lines += [f"## {story}: {title}", "", "| Clause | Test |", "|---|---|"]
        for letter, clause in clauses.items():
            lines.append(
                f"| {letter}. {clause} | {', '.join(f'`{name}`' for name in proofs(story, letter))} |"
            )
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    README.write_text(table())
