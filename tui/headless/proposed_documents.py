"""What programs propose, read back: the document of a proposal, understood anew on the desk as it stands.

It stood in a file that others write too, so all of it is checked as if it had just been typed. Whatever is
wrong with one of them is the answer to that one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from tui.actions.understood import Understood
from tui.api import codec
from tui.headless.asked_verb import WriteRefused, ask
from tui.headless.rows_by_id import RowsById
from tui.headless.write_commands import COMMANDS
from tui.headless.write_documents import WriteDocument, parse_line, read_document
from tui.input_files.mistakes import CheckError
from tui.service.desk import Desk

log = logging.getLogger(__name__)

NEVER_PROPOSED: Final = {
    "key": "key: a proposal is sent at most once by itself, leave it out.",
    "file": "file: a proposal holds what it asks for, it names no file.",
}
"""Members that no proposal has: nothing is read from a file that somebody only proposes."""
COMMAND_MEMBER = "command"
"""The member of a proposal's document that names the command; the rest is what the command takes."""


async def read_proposed(documents: Sequence[bytes], desk: Desk) -> Sequence[Understood | str]:
    """Return what each document asks for on ``desk``, else why that cannot be understood, as a sentence."""
    snapshot = desk.snapshot
    read = [_document(each) for each in documents]
    known = [each for each in read if isinstance(each, WriteDocument)]
    rows = await asyncio.to_thread(RowsById, known, snapshot)  # which looks through the whole desk
    answers: list[Understood | str] = []
    for each in read:
        answers.append(each if isinstance(each, str) else await _understood(each, desk, rows))
        await asyncio.sleep(0)
    return answers


def proposal_text(document: WriteDocument) -> bytes:
    """Return a document as a proposal keeps it."""
    said: dict[str, Any] = {COMMAND_MEMBER: document.command, **document.values}
    if document.ids:
        said["ids"] = document.ids
    if document.kind is not None:
        said["kind"] = document.kind.value
    return codec.encode(said)


def read_named(found: Mapping[str, Any], line: int = 0) -> WriteDocument:
    """Return an object with a ``command`` and what that takes as a document.

    Raises:
        CheckError: it has none, or something in it is not right.
    """
    place = f"line {line}: " if line else ""
    said = dict(found)
    command = said.pop(COMMAND_MEMBER, None)
    if not isinstance(command, str) or command not in COMMANDS:
        raise CheckError(f"{place}{COMMAND_MEMBER}: it must be one of {', '.join(COMMANDS)}.")
    if why := why_not_proposed(said):
        raise CheckError(f"{place}{why}")
    return read_document(command, said, line)


def why_not_proposed(members: Collection[str]) -> str:
    """Return why a document with these members cannot be proposed, as a sentence; empty when it can."""
    return next((why for name, why in NEVER_PROPOSED.items() if name in members), "")


def _document(text: bytes) -> WriteDocument | str:
    try:
        return read_named(parse_line(text.decode()))
    except (CheckError, UnicodeDecodeError) as error:
        return " ".join(str(error).split())


async def _understood(document: WriteDocument, desk: Desk, rows: RowsById) -> Understood | str:
    try:
        asked = await ask(document, desk, rows, to_send=False)
    except WriteRefused as error:
        return str(error)
    except Exception as error:  # whoever wrote it must not be able to end the program
        log.warning("a proposal was not understood: %s", type(error).__name__, exc_info=error)
        return f"It cannot be understood: a {type(error).__name__} came of it."
    return Understood(asked.action, asked.scope, asked.values, asked.verb)
