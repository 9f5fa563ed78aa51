"""What a command says, kept for a test to read."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from tui.headless.command_output import CommandOutput, OutputForm


class KeptOutput(CommandOutput):
    """Keeps what a command says: standard output may be somebody else's."""

    def __init__(self, form: OutputForm) -> None:
        super().__init__(form)
        self.parts: list[str] = []
        self.said: list[str] = []

    def text(self, text: str) -> None:
        self.parts.append(f"{text}\n")

    def say(self, sentence: str) -> None:
        self.said.append(sentence)

    @property
    def written(self) -> str:
        """All of it."""
        return "".join(self.parts)

    def new_lines(self) -> list[dict[str, Any]]:
        """Return the lines of JSON since they were asked for last."""
        lines = [json.loads(line, parse_float=Decimal) for line in self.written.splitlines()]
        self.parts.clear()
        return lines
