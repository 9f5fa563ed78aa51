"""The models of what people write, and how pydantic's findings become sentences.

Loading this loads pydantic, so it is imported when there is something to check and not before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from tui.input_files.mistakes import Document, Mistake, Place, not_allowed, not_known, one_of, shown
from tui.secret import Secret

M = TypeVar("M", bound=BaseModel)


class Words:
    """Says in an annotation which values it allows, where the type and its limits do not say it well."""

    def __init__(self, words: str) -> None:
        self.words = words


class Written(BaseModel):
    """Something written by hand: nothing unknown in it, nothing turned into another kind of value."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


def check(model: type[M], document: Document, more: Iterable[Mistake] = ()) -> M:
    """Return what a document says as a ``model``; ``more`` are mistakes that no model can find.

    Raises:
        CheckError: something in it is not right; says all of it.
    """
    document.refuse([*more, *mistakes_in(model, document)])
    return model.model_validate(document.found)


def mistakes_in(model: type[BaseModel], document: Document) -> list[Mistake]:
    """Return what is not right in a document that should be a ``model``."""
    try:
        model.model_validate(document.found)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=not document.private)
        return [_mistake(model, each) for each in found]
    return []


def _mistake(model: type[BaseModel], error: ErrorDetails) -> Mistake:
    of_key = error["loc"][-1:] == ("[key]",)
    place: Place = error["loc"][:-1] if of_key else error["loc"]
    if error["type"] == "extra_forbidden":
        return Mistake(place, not_known(str(place[-1]), _fields(kind_at(model, place[:-1])[0])))
    if of_key:
        words = allowed_words(*_bare(get_args(kind_at(model, place[:-1])[0])[0], ()))
        return Mistake(place, f"is not allowed as a name; it must be {words}")
    words = allowed_words(*kind_at(model, place))
    if error["type"] == "missing":
        return Mistake(place, f"is missing; it must be {words}")
    return Mistake(place, not_allowed(_said(error), words))


def _said(error: ErrorDetails) -> str:
    """Return the value at fault if it may be shown and is no table."""
    value = error.get("input")
    if isinstance(value, Decimal):
        return str(value)
    return shown(value) if isinstance(value, str | int) else ""


def _fields(kind: Any) -> Mapping[str, FieldInfo]:
    """Return the fields of a model by the names they are written with."""
    if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
        return {}
    return {field.alias or name: field for name, field in kind.model_fields.items()}


def kind_at(model: Any, place: Place) -> tuple[Any, tuple[Any, ...]]:
    """Return the type of what stands at a place of a model, and its limits."""
    kind, limits = model, ()
    for step in place:
        fields = _fields(kind)
        if step in fields:
            field = fields[str(step)]
            kind, limits = _bare(field.annotation, tuple(field.metadata))
        else:
            inner = get_args(kind)
            kind, limits = _bare(inner[-1], ()) if inner else (None, ())
    return kind, limits


def _bare(kind: Any, limits: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    """Return a type without what pydantic wraps around it, and its limits."""
    while True:
        origin, inner = get_origin(kind), get_args(kind)
        if origin in (Union, UnionType):
            [kind] = [each for each in inner if _bare(each, ())[0] is not NoneType]
        elif origin is Annotated:
            for each in inner[1:]:
                limits = (*limits, *each.metadata) if isinstance(each, FieldInfo) else (*limits, each)
            kind = inner[0]
        else:
            return kind, limits


def allowed_words(kind: Any, limits: Sequence[Any] = ()) -> str:
    """Return the words for what a type allows, such as ``a whole number from 1 to 60``."""
    if get_origin(kind) is Literal:
        return one_of(str(choice) for choice in get_args(kind))
    for limit in limits:
        if isinstance(limit, Words):
            return limit.words
    words = _WORDS.get(get_origin(kind) or kind, "a table" if _fields(kind) else "something else")
    return " ".join([words, *_limits(limits)])


_WORDS: Final = {
    str: "a text in quotes",
    Secret: "a text in quotes",
    bool: "true or false",
    int: "a whole number",
    Decimal: "a number",
    date: "a date",
    dict: "a table",
    list: "an array of tables",
}


def _limits(limits: Sequence[Any]) -> Iterator[str]:
    said = {
        name: getattr(limit, name)
        for limit in limits
        for name in ("ge", "gt", "le", "lt")
        if getattr(limit, name, None) is not None
    }
    match said:
        case {"ge": least, "le": most}:
            yield f"from {least} to {most}"
        case {"ge": least}:
            yield f"of at least {least}"
        case {"gt": above, "lt": below}:
            yield f"above {above} and below {below}"
        case {"gt": above, "le": most}:
            yield f"above {above} and at most {most}"


def _secret(value: object) -> Secret:
    if not isinstance(value, str) or not value:
        raise ValueError
    return Secret(value)


def _token(value: object) -> Secret:
    token = _secret(value)
    if not token.fits_a_header:
        raise ValueError
    return token


def _number(value: object) -> object:
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value


HeldSecret = Annotated[Secret, PlainValidator(_secret), Words("a text in quotes that is not empty")]
"""A password or another secret, held in the one wrapper from here on."""
HeldToken = Annotated[Secret, PlainValidator(_token), Words("a text of printable ASCII without spaces")]
"""A secret that is sent in a header."""
Number = Annotated[Decimal, BeforeValidator(_number)]
"""A number with all its digits, whether or not there is a point in it."""
Filled = Annotated[str, Field(min_length=1), Words("a text in quotes that is not empty")]
"""A text that says something."""
Code = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$"), Words("1 to 64 letters, digits, hyphens or underscores")
]
"""One part of an id of LUSID."""
