"""The arguments of the commands that write; their options are the fields of their documents."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, Final

from tui.cli.options import UsageError, add_desk, waiting
from tui.headless.write_commands import COMMANDS, FIELDS, STDIN, USUAL_WAIT_S, WriteCommand

if TYPE_CHECKING:
    from tui.cli.options import Commands

KINDS: Final = ("blocks", "orders", "placements", "executions", "allocations", "transactions")
_FIELD: Final = "field_"
"""The beginning of the names under which options of fields are kept."""


def add_writes(commands: Commands) -> None:
    """Add every command that writes."""
    for command in COMMANDS.values():
        _add(commands, command)


def _add(commands: Commands, command: WriteCommand) -> None:
    parser = commands.add_parser(
        command.name,
        help=command.help,
        description=f"{command.help[:1].upper()}{command.help[1:]}. Without --yes nothing is sent: it is "
        "planned, and the code of the plan is told.",
        allow_abbrev=False,
    )
    parser.set_defaults(run=_run, write=command.name, usage=parser.format_usage)
    add_document(parser, command)
    parser.add_argument("--key", metavar="KEY", help="a name under which it is done only once")
    parser.add_argument("--yes", metavar="CODE", help="send exactly what was planned under this code, once")
    parser.add_argument(
        "--wait",
        type=waiting,
        metavar="SECONDS",
        default=USUAL_WAIT_S,
        help=f"how long an unknown outcome is read back: {USUAL_WAIT_S:.0f} if not said",
    )
    parser.add_argument("--json", action="store_true", help="answer programs: a JSON document, or one a line")
    parser.add_argument("--schema", action="store_true", help="print the JSON schema of its documents")
    parser.add_argument(
        "--read-only", action="store_true", default=argparse.SUPPRESS, help="refuse to plan and to send"
    )
    add_desk(parser)


def add_document(parser: argparse.ArgumentParser, command: WriteCommand) -> None:
    """Add what a document of ``command`` says: rows, or an order line, and the fields of its form."""
    _add_subject(parser, command)
    for name in command.fields:
        field = FIELDS[name]
        how: dict[str, Any] = (
            {"action": argparse.BooleanOptionalAction} if field.is_flag else {"metavar": "TEXT"}
        )
        names = dict.fromkeys((field.flag, f"--{field.name}"))
        parser.add_argument(*names, dest=_FIELD + name, help=field.help.replace("%", "%%"), **how)


def _add_subject(parser: argparse.ArgumentParser, command: WriteCommand) -> None:
    if command.rows != "none":
        said = f"ids of rows, as the app shows them; '{STDIN}': a JSON document a line on standard input"
        parser.add_argument("ids", nargs="*", metavar="ID", help=said)
        parser.add_argument("--kind", choices=KINDS, help="the kind of the rows")
    elif command.fields:
        said = f"the order as one line; '{STDIN}': a JSON document a line on standard input"
        parser.add_argument("order_line", nargs="?", metavar="LINE", help=said)


def _run(given: argparse.Namespace) -> int:
    """Plan or send what the arguments ask for.

    Raises:
        UsageError: they contradict each other.
    """
    if given.schema:
        import json

        from tui.headless.write_documents import schema
        from tui.standard_output import write_out

        write_out(json.dumps(schema(given.write), indent=2))
        return 0
    from tui.cli.run_write import run_write_command

    return run_write_command(given, document_of(given))


def document_of(given: argparse.Namespace) -> dict[str, Any] | None:
    """Return what the arguments say, as a document has it; None where documents stand on standard input.

    Raises:
        UsageError: the arguments contradict each other.
    """
    found = {
        name.removeprefix(_FIELD): value
        for name, value in vars(given).items()
        if name.startswith(_FIELD) and value is not None
    }
    if getattr(given, "order_line", None):
        if "line" in found:
            raise UsageError("blotter new: error: the order line is given twice.", given.usage())
        found["line"] = given.order_line
    for name in ("ids", "kind", "key"):
        value = getattr(given, name, None)
        if value is not None and value != []:
            found[name] = value
    subject = [*getattr(given, "ids", ()), *filter(None, [getattr(given, "order_line", None)])]
    if STDIN not in subject:
        return found
    if len(subject) > 1 or found.keys() - {"ids", "line"}:
        raise UsageError(
            f"blotter {given.write}: error: with '{STDIN}' all stands in the lines.", given.usage()
        )
    return None
