"""Knows what must not stand in a file for others, and takes it out: secrets, names, ids, positions.

Two guards, one behind the other. Free text loses whatever looks like an id, an address, a path, a quoted text
or an amount. Then every word and number that rows, settings and journal hold is looked for, wherever it is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from tui.config.logs import redacted
from tui.secret import HIDDEN

SHORTEST: Final = 3
"""Characters that a word must have to be looked for: shorter ones are part of every text."""
FEWEST_DIGITS: Final = 4
"""Digits that a number must have: shorter ones are also those of an HTTP status or of a day."""
VOCABULARY: Final = frozenset(
    {
        *("action", "at", "basis", "currency", "endpoint", "entryType", "hash", "href", "kind", "label"),
        *("derivedApprovalState", "derivedComplianceState", "derivedDirection", "derivedState", "method"),
        *("n", "previous", "previousHash", "rank", "relation", "run", "side", "state", "status"),
        *("timeInForce", "transactionStatus", "type", "verb"),
    }
)
"""The members whose values are words of the API or of the program, not of a client."""
_TIME: Final = r"\d{4}-\d\d-\d\d(T.*)?"
_NUMBER: Final = r"[+-]?\d[\d,]*(\.\d+)?([eE][+-]?\d+)?"
_PATTERNS: Final = (
    ("addresses", r"\b[a-z][a-z0-9+.-]*://\S+"),
    ("names", r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)*"),
    ("quoted texts", r"(?<!\w)'[^'\n]*'(?!\w)|\"[^\"\n]*\""),
    ("paths", r"(?<![\w.])[~]?/[^\s:,;]+"),
    ("ids", r"(?<!\w)(?=[\w./-]*\d)(?=[\w./-]*[A-Za-z])[\w.-]*[\w][./-]?[\w./-]{3,}(?!\w)"),
    ("ids", r"\b[\w.-]+/[\w.-]+"),
    (
        "amounts",
        r"(?<![\w.,])[+-]?(?:\d{1,3}(?:,\d{3})+|\d{4,})(?:\.\d+)?(?![\w])|(?<![\w.,])[+-]?\d+\.\d+(?![\w.])",
    ),
)
_WORD: Final = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|[^\s\"'(),;:=<>\[\]{}|]+"


class Unsayable:
    """The words and numbers that were seen in what belongs to the user."""

    def __init__(self) -> None:
        self._words: dict[str, str] = {}
        self._phrases: dict[str, str] = {}
        self._seen: set[str] = set()
        """The texts of documents that are known: most stand in many rows."""
        self.stripped: Counter[str] = Counter()
        """How many of each kind were taken out."""

    def __len__(self) -> int:
        return len(self._words) + len(self._phrases)

    def add(self, kind: str, text: object) -> None:
        """Know a word, a name of several words, or a number, which must not leave."""
        word = str(text or "").strip().casefold()
        if re.fullmatch(_NUMBER, word):
            digits = re.sub(r"[+,-]", "", word)
            if len(digits.replace(".", "")) >= FEWEST_DIGITS or "." in digits:
                self._words[digits] = "amounts"
                whole = digits.partition(".")[0]
                self._words[f"{int(whole):,}{digits[len(whole) :]}"] = "amounts"
        elif len(word) >= SHORTEST and not re.fullmatch(_TIME, word):
            (self._phrases if re.search(r"\s", word) else self._words)[word] = kind

    def add_all(self, kind: str, document: Any) -> None:
        """Know every text and number in a JSON document, but words of the API itself."""
        for leaf in _leaves(document):
            text = str(leaf)
            if text not in self._seen:
                self._seen.add(text)
                for part in {text, *re.split(r"[/\s]", text)}:
                    self.add(kind, part)

    def strip(self, text: str) -> str:
        """Return a free text without what looks like somebody's data, and without what is known to be."""
        kept = redacted(text)
        if kept != text:
            self.stripped["secrets"] += 1
        for kind, pattern in _PATTERNS:
            kept = re.sub(pattern, partial(self._hide_found, kind), kept)
        return self.strip_known(kept)

    def strip_known(self, text: str) -> str:
        """Return a text without the words and numbers that are known."""
        for phrase in self._phrases_in(text):
            text = re.sub(
                re.escape(phrase), partial(self._hide_found, self._phrases[phrase]), text, flags=re.I
            )

        def check(found: re.Match[str]) -> str:
            kind = self._kind(found[0])
            return self._hide(kind, found[0]) if kind else found[0]

        return re.sub(_WORD, check, text)

    def leaks(self, document: Any) -> Iterator[str]:
        """Yield the texts of a document that hold something known."""
        for text in _leaves(document, all_members=True):
            said = str(text)
            if isinstance(text, str) and (redacted(said) != said or self._knows(said)):
                yield said

    def _knows(self, text: str) -> bool:
        return bool(self._phrases_in(text)) or any(map(self._kind, re.findall(_WORD, text)))

    def _phrases_in(self, text: str) -> list[str]:
        folded = text.casefold()
        return [phrase for phrase in self._phrases if phrase in folded] if " " in folded else []

    def _kind(self, token: str) -> str:
        """Return what kind of thing a word is that is known, or that is made of one; empty for none."""
        folded = token.casefold().strip(".-+!?*")
        for each in (folded, *re.split(r"[/.@_\\]", folded)):
            if kind := self._words.get(each):
                return kind
        return ""

    def _hide_found(self, kind: str, found: re.Match[str]) -> str:
        return self._hide(kind, found[0])

    def _hide(self, kind: str, text: str) -> str:
        if text == HIDDEN:
            return text
        self.stripped[kind] += 1
        return HIDDEN


def _leaves(document: Any, *, all_members: bool = False) -> Iterator[object]:
    if isinstance(document, Mapping):
        for name, value in document.items():
            if all_members or name not in VOCABULARY or isinstance(value, (Mapping, list)):
                yield from _leaves(value, all_members=all_members)
    elif isinstance(document, Sequence) and not isinstance(document, str):
        for each in document:
            yield from _leaves(each, all_members=all_members)
    elif document is not None and not isinstance(document, bool):
        yield document
