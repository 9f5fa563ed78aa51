"""The most an answer may hold, by kind: a server without end must not take this machine's memory.

Bytes are counted after they are unpacked. The largest page the embedded server gives, of 5,000 rows, has
7 MB and 200,000 values.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

KIB: Final = 1024
MIB: Final = 1024 * KIB


class Ceiling(Struct, frozen=True):
    """The most ``bytes`` that one kind of answer may have, and what it is in words."""

    what: str
    bytes: int

    @property
    def exceeded(self) -> str:
        """What is said of an answer beyond it."""
        return f"The server sent more than {self.bytes // MIB} MiB as {self.what}: the rest was not read."


LIST: Final = Ceiling("one page of a list", 32 * MIB)
ANSWER: Final = Ceiling("one answer", 32 * MIB)
"""A row, a whole history, what became of each item of a write."""
FAILURE: Final = Ceiling("the reason of a failure", MIB)
"""Beyond it the status alone tells what happened."""
TOKEN: Final = Ceiling("an access token", MIB)

MOST_VALUES: Final = 1_000_000
"""The values one answer may hold: 32 MiB of empty ones would take gigabytes once they are read."""
MOST_ROWS: Final = 50_000
"""The rows of one page; no call asks for more than 5,000."""
MOST_ROWS_OF_A_LIST: Final = 200_000
"""The rows of all pages of a list: a desk of that many is no desk."""
LONGEST_ID: Final = 1024
"""The characters of the scope or the code of an id. A longer one is no id: cut, it would be another row's."""
LONGEST_PAGE_TOKEN: Final = 8 * KIB
"""The characters of the name of a next page, which is sent back in an address."""
LONGEST_REASON: Final = 2000
"""The characters of a refusal in the server's words."""
MOST_PAGES_WITHOUT_NEWS: Final = 3
"""The pages in a row of which every row was there before; a list that goes on like that has no end."""
