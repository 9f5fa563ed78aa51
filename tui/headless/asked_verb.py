"""From a document to a verb: the app's own action, its form filled in and checked, and its verb."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from tui.actions.action import LeftOut, Ready, Scope, Sought, WriteAction
from tui.actions.desk_scope import with_desk
from tui.actions.instruments_typed import still_open
from tui.actions.trade_actions import TRADE
from tui.api.base import ResourceId
from tui.headless.exit_codes import ExitCode
from tui.headless.rows_by_id import RowsById
from tui.headless.write_commands import COMMANDS, FIELDS
from tui.headless.write_documents import FILE, WriteDocument
from tui.service.desk import Desk
from tui.service.environment import unreachable_because
from tui.service.snapshot.snapshot import EntityKind
from tui.service.verbs import Verb
from widgets.fields import Field

ACTIONS_BY_ID: Final[Mapping[str, WriteAction]] = {action.id: action for action in TRADE}
ANSWER: Final = "answer"
"""The field that answers the one question of an action without a form."""


DECISIVE: Final = {"line": "new_by_line", FILE: "import_basket"}
"""The fields that decide which of several actions a command stands for, by name."""


class WriteRefused(Exception):
    """A document asks for something that is not done here; ``sentences`` say why, nothing was sent."""

    def __init__(self, code: ExitCode, *sentences: str, body: Mapping[str, Any] | None = None) -> None:
        super().__init__(" ".join(sentences))
        self.code = code
        self.sentences = sentences
        self.body = body or {}
        """What programs are told of it beside the sentences."""


class AskedVerb(Struct, frozen=True):
    """What a document asks for: the verb, and the rows it names that are left out, each with why.

    The verb is that of the ``action`` on the rows of ``scope``, its form filled in with ``values``.
    """

    document: WriteDocument
    verb: Verb
    left_out: LeftOut
    action: WriteAction
    scope: Scope
    values: Mapping[str, str]
    ready: Ready | None = None
    """What was found out before, where that took a while: it is told what became of it."""


async def ask(document: WriteDocument, desk: Desk, rows: RowsById, *, to_send: bool = True) -> AskedVerb:
    """Return the verb that ``document`` asks for, of the desk as it stands.

    Without ``to_send`` it may be that of a desk that is read-only: nothing of it is sent from there.

    Raises:
        WriteRefused: the app would not take it: the action is not possible, or its form is filled in wrong.
    """
    action = _action_of(document)
    try:
        kind, ids = rows.of(document)
    except ValueError as error:
        raise WriteRefused(ExitCode.SOME_REFUSED, *str(error).splitlines()) from None
    scope = _scope(action, desk, kind, ids)
    if not to_send:
        scope = replace(scope, read_only=False)
    if reason := action.forbidden(scope):
        raise WriteRefused(ExitCode.FAILED, reason)
    if reason := action.refusal(scope):
        raise WriteRefused(ExitCode.SOME_REFUSED, reason)
    loaded = action.load()
    values, form = dict(document.values), loaded.form
    if form is not None:
        made = form(scope)
        given = {**document.values, FILE: document.pasted} if document.pasted else document.values
        values = _filled(made.fields, given)
        if made.check is not None and (problems := made.check(values)):
            raise WriteRefused(ExitCode.SOME_REFUSED, *problems)
    elif loaded.question is not None:
        question = loaded.question(scope)
        possible = [answer.id for answer in question.answers if answer.possible]
        if not possible:
            raise WriteRefused(ExitCode.SOME_REFUSED, question.nothing)
        if values.get(ANSWER) not in possible:
            named = f"{ANSWER} ({FIELDS[ANSWER].flag})"
            raise WriteRefused(ExitCode.SOME_REFUSED, f"{named}: it must be {' or '.join(possible)}.")
    elif values:
        raise WriteRefused(ExitCode.SOME_REFUSED, f"{', '.join(values)}: nothing is asked here.")
    try:
        if loaded.sought is not None and (sought := loaded.sought(scope, values)) is not None:
            await _look_up(sought, desk)
            scope = replace(scope, snapshot=desk.snapshot, now=desk.beside.facts.now())
        if loaded.ahead is not None:
            ready = await loaded.ahead(scope, values, desk)
            if ready.question:
                raise WriteRefused(ExitCode.SOME_REFUSED, *ready.sentences, body=ready.body)
            return AskedVerb(document, ready.verb, LeftOut(), action, scope, values, ready)
        verb = loaded.verb(scope, values)
    except ValueError as error:
        raise WriteRefused(ExitCode.SOME_REFUSED, str(error)) from None
    return AskedVerb(document, verb, action.leaves_out(scope), action, scope, values)


def _action_of(document: WriteDocument) -> WriteAction:
    """Return the action of a document: of several, the one that a field of it decides."""
    ids = COMMANDS[document.command].actions
    meant = next((id for name, id in DECISIVE.items() if name in document.values and id in ids), ids[0])
    return ACTIONS_BY_ID[meant]


def _scope(action: WriteAction, desk: Desk, kind: EntityKind, ids: tuple[ResourceId, ...]) -> Scope:
    """Return the scope of an action on the rows named, as if they were selected.

    A plan says what the access service denies, and its yes is to try it all the same.
    """
    scope = Scope(
        desk.snapshot,
        kind,
        ids,
        desk.environment,
        desk.beside.facts.now(),
        desk.read_only,
        desk.snapshot.home,
        zone=desk.snapshot.zone,
        selected=bool(ids),
        unreachable=unreachable_because(desk.health),
        facts=desk.beside.facts,
    )
    return replace(with_desk(scope, desk), insisted=frozenset(action.endpoints_for(scope)))


def _filled(fields: Sequence[Field], given: Mapping[str, str]) -> dict[str, str]:
    """Return the values of a form: its defaults, and what is given over them.

    Raises:
        WriteRefused: a field is not asked for here, or its value is wrong.
    """
    known = {field.id: field for field in fields}
    values = {field.id: field.value for field in fields}
    wrong = [f"{name}: it is not asked for here." for name in given if name not in known]
    for name, field in known.items():
        if name in given:
            chosen = _chosen(field, given[name].strip(" "))
            if chosen is None:
                wrong.append(f"{name}: it must be {_one_of(field)}.")
                continue
            values[name] = chosen
        problem = field.problem(values[name])
        if problem:
            wrong.append(f"{name}: {problem}")
    if wrong:
        raise WriteRefused(ExitCode.SOME_REFUSED, *wrong)
    return values


def _chosen(field: Field, typed: str) -> str | None:
    """Return the value that a field takes from what is typed; None when it is none of its choices."""
    if field.kind != "choice":
        return field.spelt(typed)
    options = {option.casefold(): option for option in (field.value, *field.matches(""))}
    options.setdefault(field.empty.casefold(), "") if "" in options else None
    return options.get(typed.casefold())


def _one_of(field: Field) -> str:
    names = dict.fromkeys(option or field.empty for option in (*field.matches(""), field.value))
    return " or ".join(names)


async def _look_up(sought: Sought, desk: Desk) -> None:
    """Look an instrument up before an order names it.

    Raises:
        ValueError: it stays unclear which one is meant; with a sentence.
    """
    found = await desk.beside.reference.look_up(sought.typed, sought.scopes)
    question = still_open(desk.snapshot, sought.typed, found)
    if not question and not desk.snapshot.find_instruments(sought.typed):
        question = sought.otherwise
    if question:
        raise ValueError(question)
