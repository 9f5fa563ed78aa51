"""What a command says: one document or lines for programs on standard output, words for people beside it.

With JSON, standard output holds one document, or lines of JSON where there are many answers, in success and
in every failure. Each names environment, user, moment and whether to retry. Words and progress go to
standard error.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Final, Literal

from tui.api.codec import encode
from tui.api.sanitize import clean, escaped
from tui.headless.command_failed import CommandFailed, without_keys
from tui.headless.exit_codes import ExitCode
from tui.service.environment import Environment
from tui.standard_output import OutputError, write_out

OutputForm = Literal["table", "csv", "json"]
COMMAND: Final = "blotter"


class CommandOutput:
    """The output of one command.

    Args:
        form: how rows are written.
        command: the name of the command in front of its words.
    """

    def __init__(self, form: OutputForm = "table", command: str = COMMAND) -> None:
        self.form: OutputForm = form
        self.command = command
        self.environment: Environment | None = None
        self.user = ""
        self.as_at: datetime | None = None
        self.begun = False
        """Whether a document or a line stands on standard output by now."""

    @property
    def is_json(self) -> bool:
        """Whether programs read it."""
        return self.form == "json"

    def about(self, environment: Environment, user: str, as_at: datetime | None) -> None:
        """Hear which desk the answers are about, and of which moment; None is now."""
        self.environment, self.user, self.as_at = environment, user, as_at

    def heading(self, code: ExitCode, *, retry: bool) -> dict[str, Any]:
        """Return what every document and every line for programs says."""
        environment = self.environment
        return {
            "outcome": code.outcome,
            "exitCode": int(code),
            "retry": retry,
            "environment": None
            if environment is None
            else {
                "name": environment.name,
                "kind": environment.kind.value,
                "url": environment.url or None,
                "database": environment.database or None,
            },
            "user": self.user or None,
            "asAt": self.as_at,
        }

    def document(
        self, body: Mapping[str, Any], code: ExitCode = ExitCode.DONE, *, retry: bool = False
    ) -> None:
        """Write the one JSON document of a command; its heading comes first."""
        self.line({**self.heading(code, retry=retry), **body})

    def line(self, value: Mapping[str, Any]) -> None:
        """Write one line of JSON.

        Raises:
            OutputError: standard output is closed or full.
        """
        self.begun = True
        write_out(json_text(value))

    def text(self, text: str) -> None:
        """Write what people read, or a table they asked for, to standard output; it must be clean."""
        self.begun = True
        write_out(text)

    def say(self, sentence: str) -> None:
        """Say something to people: progress, or what is not the answer itself.

        What is under way goes on where nobody can hear it: standard error may be closed or full.
        """
        if sys.stderr is not None:
            with suppress(OSError):
                print(f"{self.command}: {clean(sentence)}", file=sys.stderr, flush=True)

    def failure(self, failure: CommandFailed) -> dict[str, Any]:
        """Return the document that tells of a failure."""
        said = {"why": clean(failure.why), "advice": clean(without_keys(failure.advice))}
        return {**self.heading(failure.code, retry=failure.retry), **said}

    def fail(self, failure: CommandFailed) -> ExitCode:
        """Tell why nothing, or no more, was done; return the exit code."""
        told: Iterable[str] = filter(None, (failure.why, without_keys(failure.advice)))
        if self.is_json:
            with suppress(OutputError):
                self.line(self.failure(failure))
        for sentence in told:
            for each in sentence.splitlines():
                self.say(each)
        return failure.code


def json_text(value: Mapping[str, Any]) -> str:
    """Return a value as JSON on one line: Decimals with all digits, times as ISO 8601 in UTC.

    Characters that act on a terminal are escaped.
    """
    return escaped(encode(value).decode())
