"""What a doctor finds."""

from __future__ import annotations

from msgspec import Struct


class Complaint(Struct, frozen=True):
    """Something that looks wrong: a sentence, and what to do. A ``harmless`` one is only worth knowing."""

    what: str
    advice: str = ""
    harmless: bool = False

    def __str__(self) -> str:
        return f"{self.what} {self.advice}".rstrip()
