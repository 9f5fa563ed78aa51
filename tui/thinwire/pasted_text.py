"""Pasted text stays text: escape sequences in it are never read as keys.

Most terminals take them out of what is pasted; tmux, for one, does not, and Textual ends a paste at the first
of them. What follows would be keys, also those that confirm.
"""

from __future__ import annotations

from typing import Final

ESC: Final = "\x1b"
BEGIN: Final = "\x1b[200~"
"""Comes before text that is pasted (bracketed paste)."""
END: Final = "\x1b[201~"
"""Comes behind it."""


class PastedText:
    """Takes the escape characters out of pasted text, in whatever pieces it arrives."""

    def __init__(self) -> None:
        self._inside = False
        self._before = ""
        """The end of what was read outside, in which a paste may have begun."""
        self._held = ""
        """The end of what was read inside, which may be the beginning of its end."""

    def harmless(self, arrived: str) -> str:
        """Return what arrived, with no escape character between the marks of a paste."""
        said: list[str] = []
        rest = self._held + arrived
        self._held = ""
        while rest:
            rest = self._of_paste(rest, said) if self._inside else self._of_keys(rest, said)
        return "".join(said)

    def _of_keys(self, text: str, said: list[str]) -> str:
        """Say what comes before a paste and its mark; return what follows."""
        seen = self._before + text
        at = seen.find(BEGIN)
        self._inside = at >= 0
        end = at + len(BEGIN) - len(self._before) if self._inside else len(text)
        self._before = "" if self._inside else seen[1 - len(BEGIN) :]
        said.append(text[:end])
        return text[end:]

    def _of_paste(self, text: str, said: list[str]) -> str:
        """Say what is pasted, and its mark behind it; return what follows."""
        pasted, mark, following = text.partition(END)
        self._inside = not mark
        if not mark:
            kept = next((size for size in range(len(END) - 1, 0, -1) if text.endswith(END[:size])), 0)
            pasted, self._held = text[: len(text) - kept], text[len(text) - kept :]
        said += pasted.replace(ESC, ""), mark
        return following
