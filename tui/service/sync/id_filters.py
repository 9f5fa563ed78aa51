"""Filters that name rows by their ids, as many ids as one server takes in a filter.

No document says for certain how long a filter may be: one page says 512 characters, another 16,384, and the
address around it holds 2,048. So they begin short, grow while they are answered, and what a server refused is
remembered (contract R73, R74).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final, Literal, TypeVar, get_args
from urllib.parse import quote

from msgspec import Struct

from tui.api.base import ResourceId
from tui.api.errors import ApiError, Refused
from tui.service.filter_texts import any_of, quoted
from tui.service.learned import Learned

FIRST_LENGTH: Final = 480
"""The characters of the first filters: the strictest page allows 512."""
LONGEST: Final = 1500
"""The most characters of a filter."""
LONGEST_ENCODED: Final = 1700
"""The most bytes a filter may take of an address, which holds 2,048 in all (R73)."""
SHORTEST: Final = 60
"""Filters are not made shorter than this: what is still refused is not refused for its length."""
ANSWERS: Final = 10
"""So many answers in a row make the filters twice as long."""
_TOO_LONG: Final = 414
_NOT_LENGTH: Final = (151, 233)
"""The server's error codes of an unknown field and of a filter that cannot be parsed."""
_LENGTH_WORDS: Final = ("long", "length", "characters", "exceed")

Form = Literal["together", "either", "apart", "bare"]
"""How a filter names ids: scopes and codes in two lists, scope by scope joined by ``or``, one scope a filter,
and one scope with its codes in a list without parentheses."""
FORMS: Final[tuple[Form, ...]] = get_args(Form)

T = TypeVar("T")


class NamedIds(Struct, frozen=True):
    """A filter and the ids it names; with the form ``together`` it may find others too."""

    test: str
    ids: tuple[ResourceId, ...]
    form: Form


class IdFilters:
    """Makes filters by id for one kind of list, and learns what the server takes.

    ``prefix`` stands before the fields of the id: rows of the order graph may be asked for by ``block.id``.
    """

    def __init__(self, learned: Learned, prefix: str = "") -> None:
        self._learned = learned
        self._prefix = prefix
        self._answers = 0
        self._trial: int | None = None

    @property
    def length(self) -> int:
        """The characters a filter may have."""
        known = self._trial or self._learned.get("filter.length")
        return int(known) if known else FIRST_LENGTH

    @property
    def form(self) -> Form | None:
        """The form that filters have; None when the server takes none of them."""
        known = self._learned.get("filter.form")
        if known == "none":
            return None
        return next((form for form in FORMS if form == known), FORMS[0])

    def take(self, ids: Sequence[ResourceId]) -> NamedIds:
        """Return the filter that names as many of the first of ``ids`` as one may; scopes stand together."""
        form = self.form or "apart"
        low, high = 1, 1
        while high < len(ids) and self._fits(form, ids[: high * 2]):
            high *= 2
        low, high = high, min(high * 2, len(ids))
        while low < high:
            middle = (low + high + 1) // 2
            if self._fits(form, ids[:middle]):
                low = middle
            else:
                high = middle - 1
        return NamedIds(_written(form, ids[:low], self._prefix), tuple(ids[:low]), form)

    def _fits(self, form: Form, ids: Sequence[ResourceId]) -> bool:
        if form in ("apart", "bare") and ids[0].scope != ids[-1].scope:
            return False
        test = _written(form, ids, self._prefix)
        return len(test) <= self.length and len(quote(test, safe="")) <= LONGEST_ENCODED

    def answered(self, named: NamedIds, rows: int) -> None:
        """Take note that a filter was answered with so many rows."""
        if self._trial is not None:
            self._learned.put("filter.length", self._trial)
            self._trial = None
        self.took()
        if self.form == "together" and rows > 2 * len(named.ids):
            self._learned.put("filter.form", "either")  # scopes share their codes: too many are found

    def took(self) -> None:
        """Take note that a filter of the present length was answered: after some, longer ones are tried."""
        if self._learned.get("filter.longest") is None:
            self._answers += 1
            if self._answers >= ANSWERS and self.length < LONGEST:
                self._answers = 0
                self._learned.put("filter.length", min(self.length * 2, LONGEST))

    def refused(self, named: NamedIds, error: ApiError) -> bool:
        """Take note of a refusal; return whether it was about the filter, so that another may be tried.

        A refusal that speaks of grammar or of a field is not about the length (R74), as far as it can be
        trusted: once no form is left, shorter filters are tried after all.
        """
        form = self.form
        if not concerns_the_filter(error):
            return False
        many = len(named.ids) > 1
        if form is None or form != named.form or (many and len(named.test) > self.length):
            return True  # others were refused meanwhile, and what is asked next differs already
        self._answers = 0
        too_long = is_about_length(error)
        after = FORMS.index(form) + 1
        if not too_long and after < len(FORMS):
            self._learned.put("filter.form", FORMS[after])
        elif many and len(named.test) > SHORTEST:
            if not too_long:
                self._learned.put("filter.form", FORMS[0])
            self._trial = max(min(len(named.test), self.length) // 2, SHORTEST)
            self._learned.put("filter.longest", len(named.test))
        elif not too_long:
            self._trial = None
            self._learned.put("filter.form", "none")
        return True


def concerns_the_filter(error: ApiError) -> bool:
    """Return whether a refusal may be about the filter or the address it made too long."""
    return isinstance(error, Refused) and error.status in (400, _TOO_LONG)


def is_about_length(error: ApiError) -> bool:
    """Return whether a refusal says that a filter is too long, rather than wrong."""
    if not isinstance(error, Refused) or error.status == _TOO_LONG:
        return True
    said = f"{error.why} {error.problem.name}".lower()
    return error.code not in _NOT_LENGTH or any(word in said for word in _LENGTH_WORDS)


def _written(form: Form, ids: Collection[ResourceId], prefix: str = "") -> str:
    """Return a filter of ``form`` that names ``ids``."""
    scopes: dict[str, list[str]] = {}
    for id in ids:
        scopes.setdefault(id.scope, []).append(quoted(id.code))
    scope, code = f"{prefix}id.scope", f"{prefix}id.code"
    if form == "together" and len(scopes) > 1:
        codes = dict.fromkeys(each for some in scopes.values() for each in some)
        return f"{scope} in ({','.join(map(quoted, scopes))}) and {code} in ({','.join(codes)})"
    opening, closing = ("", "") if form == "bare" else ("(", ")")
    tests = [
        f"{scope} eq {quoted(name)} and {code} in {opening}{','.join(codes)}{closing}"
        for name, codes in scopes.items()
    ]
    return tests[0] if len(tests) == 1 else " or ".join(f"({test})" for test in tests)


def in_parts(field: str, values: Iterable[str], length: int) -> Iterator[list[str]]:
    """Yield ``values`` in parts, the filter of each by ``field`` no longer than ``length`` and an address."""
    part: list[str] = []
    characters = encoded = 0
    for value in values:
        written = f"{quoted(value)},"
        characters += len(written)
        encoded += len(quote(written, safe=""))
        around = len(any_of(field, ()))
        if part and (characters + around > length or encoded + 2 * around > LONGEST_ENCODED):
            yield part
            part, characters, encoded = [], len(written), len(quote(written, safe=""))
        part.append(value)
    if part:
        yield part
