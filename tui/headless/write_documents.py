"""Documents of write commands: what arguments and lines of JSON may say, checked whole, and their schema.

A document names rows by their ids and fills in the form of an action. Numbers keep their digits.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

from msgspec import Struct
from pydantic import BeforeValidator, Field, WithJsonSchema, create_model

from tui.api import codec
from tui.api.sanitize import clean
from tui.headless.write_commands import COMMANDS, FIELDS, STDIN, DocumentField, WriteCommand
from tui.input_files.mistakes import CheckError, Document, all_at_once
from tui.input_files.strict_model import Words, Written, check
from tui.service.basket.basket_reader import MOST_BYTES
from tui.service.snapshot.snapshot import EntityKind

MOST_LINES: Final = 10_000
MOST_CHARACTERS: Final = 1_000_000
"""The most characters of a line."""
LARGEST_EXPONENT: Final = 40
LONGEST_KEY: Final = 100
FILE: Final = "file"
"""The field that names a file."""
COMMAND_LINE: Final = "the command"
"""The document of the arguments, as sentences call it."""


class WriteDocument(Struct, frozen=True):
    """What is asked for once: a command, the rows it names, and what its form says, as texts.

    ``key`` is the name under which it is done only once; ``line`` its line on standard input from 1, 0 for
    the arguments. Where it names a file, ``file_digest`` is the SHA-256 of what that holds; ``pasted`` is
    what standard input holds in its place.
    """

    command: str
    ids: tuple[str, ...] = ()
    kind: EntityKind | None = None
    values: Mapping[str, str] = {}
    key: str = ""
    line: int = 0
    file_digest: str = ""
    pasted: str = ""

    @property
    def digest(self) -> str:
        """The SHA-256 of what it asks for, whatever its key and line."""
        said = (self.command, self.ids, self.kind, sorted(self.values.items()), self.file_digest)
        return sha256(codec.encode(said)).hexdigest()

    @property
    def planned_digest(self) -> str:
        """The SHA-256 of what it asks for under its key: a plan holds for that key only."""
        return sha256(f"{self.digest} {self.key}".encode()).hexdigest()

    @property
    def place(self) -> str:
        """Its place in a sentence."""
        return f"line {self.line}" if self.line else COMMAND_LINE


def _text(value: object) -> object:
    """Return a number as the text that stands for it exactly; a text that cannot be typed is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        short = isinstance(exponent, int) and abs(exponent) <= LARGEST_EXPONENT
        return f"{value:f}" if short else None
    if isinstance(value, str) and clean(value) != value:
        raise ValueError
    return value


def _yes_or_no(value: object) -> object:
    return {True: "yes", False: "no"}.get(value) if isinstance(value, bool) else value


def _kind(value: object) -> object:
    return EntityKind(value) if isinstance(value, str) and value in [*EntityKind] else value


_TEXT = Annotated[
    str,
    BeforeValidator(_text),
    WithJsonSchema({"type": ["string", "number"]}),
    Words("a text without control characters, or a number"),
]
_FLAG = Annotated[
    str,
    BeforeValidator(_yes_or_no),
    Field(pattern="^(yes|no)$"),
    WithJsonSchema({"type": "boolean"}),
    Words("true or false"),
]
_ID = Annotated[str, BeforeValidator(_text), Field(min_length=1), Words("the id of a row as a text")]
_IDS = Annotated[list[_ID], Words("an array of the ids of rows")]
_KEY = Annotated[
    str,
    BeforeValidator(_text),
    Field(min_length=1, max_length=LONGEST_KEY),
    Words(f"a text of 1 to {LONGEST_KEY} characters"),
]
_KIND = Annotated[
    EntityKind,
    BeforeValidator(_kind),
    Words(f"a kind of rows: {', '.join(each.value for each in EntityKind)}"),
]


def _member(field: DocumentField) -> tuple[object, object]:
    kind = _FLAG if field.is_flag else _TEXT
    return (kind | None, Field(default=None, description=field.help))


def _model(command: WriteCommand) -> type[Written]:
    members: dict[str, Any] = {name: _member(FIELDS[name]) for name in command.fields}
    if command.rows != "none":
        members["ids"] = (
            (_IDS, Field(min_length=1, description="the rows, as the app shows their ids"))
            if command.rows == "some"
            else (_IDS, Field(default=[], description="the rows; all of the desk without them"))
        )
        members["kind"] = (_KIND | None, Field(default=None, description="the kind of the rows"))
    members["key"] = (_KEY | None, Field(default=None, description="a name under which it is done only once"))
    title = command.name.replace("-", " ").title().replace(" ", "")
    return create_model(f"{title}Document", __base__=Written, __doc__=command.help, **members)


MODELS: Final[Mapping[str, type[Written]]] = {name: _model(command) for name, command in COMMANDS.items()}


def schema(command: str) -> Mapping[str, Any]:
    """Return the JSON schema of the documents of a command."""
    return MODELS[command].model_json_schema()


def read_document(command: str, found: Mapping[str, Any], line: int = 0) -> WriteDocument:
    """Return what was found in the arguments or on a line as a document of ``command``.

    Raises:
        CheckError: something in it is not right; says all of it, with its place.
    """
    place = f"line {line}" if line else COMMAND_LINE
    said = check(MODELS[command], Document(place, found)).model_dump(exclude_none=True)
    content = _content(said[FILE]) if FILE in said else b""
    return WriteDocument(
        command,
        tuple(dict.fromkeys(said.pop("ids", ()))),
        said.pop("kind", None),
        key=said.pop("key", ""),
        values=said,
        line=line,
        file_digest=sha256(content).hexdigest() if FILE in said else "",
        pasted=_decoded(content) if said.get(FILE) == STDIN else "",
    )


def _content(file: str) -> bytes:
    """Return what the file of a document holds; standard input where it is a dash.

    Raises:
        CheckError: it cannot be read, or is too long.
    """
    try:
        if file == STDIN:
            if sys.stdin is None:
                raise CheckError("Standard input is closed: there is no basket to read.")
            content = sys.stdin.buffer.read(MOST_BYTES + 1)
        else:
            with Path(file).expanduser().open("rb") as opened:
                content = opened.read(MOST_BYTES + 1)
    except (OSError, ValueError, RuntimeError) as error:
        raise CheckError(f"{file}: it cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    if len(content) > MOST_BYTES:
        raise CheckError(f"{file}: a basket has {MOST_BYTES:,} bytes at most.")
    return content


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CheckError("Standard input is not text in UTF-8.") from None


def read_lines(command: str, lines: Iterable[str]) -> Sequence[WriteDocument]:
    """Return the documents of ``command`` on lines of JSON; empty lines count and say nothing.

    Raises:
        CheckError: some of them are wrong; says all of it, with their numbers.
    """
    documents: list[WriteDocument] = []
    with all_at_once() as part:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            if len(documents) == MOST_LINES:
                with part():
                    raise CheckError(f"There are more than {MOST_LINES:,} lines.")
                break
            with part():
                documents.append(read_document(command, parse_line(line, number), number))
    if not documents:
        raise CheckError("There is no line to read: write one JSON object a line.")
    return documents


def parse_line(line: str, number: int = 0) -> Mapping[str, Any]:
    """Return the object of JSON on a line, its numbers with all digits; what stands twice in it is no object.

    Raises:
        CheckError: it is none, or too long.
    """
    place = f"line {number}" if number else "the document"
    if len(line) > MOST_CHARACTERS:
        raise CheckError(f"{place}: it is longer than {MOST_CHARACTERS:,} characters.")
    try:
        found = json.loads(
            line, parse_float=Decimal, parse_constant=_no_number, object_pairs_hook=_members_once
        )
    except _TwiceError as error:
        raise CheckError(f"{place}: {error}") from None
    except (ValueError, RecursionError, ArithmeticError):
        raise CheckError(f"{place}: it is not JSON.") from None
    if not isinstance(found, dict):
        raise CheckError(f"{place}: it is no JSON object, such as {{}}.")
    return found


class _TwiceError(ValueError):
    """A member stands twice in an object."""


def _members_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _TwiceError("a member stands in it twice.")
    return found


def _no_number(text: str) -> NoReturn:
    raise ValueError(text)
