"""The answers to documents, for programs and for people: what is planned, what was done, what was refused."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from tui.api.errors import NotSent
from tui.api.sanitize import clean
from tui.headless.asked_verb import ACTIONS_BY_ID
from tui.headless.command_output import CommandOutput
from tui.headless.exit_codes import ExitCode
from tui.headless.planned_write import PlannedWrite
from tui.headless.write_commands import COMMANDS
from tui.headless.write_documents import WriteDocument
from tui.service.desk import Desk
from tui.service.numbers import counted, money
from tui.service.outcomes import Difference, Outcome, Status
from tui.service.snapshot.snapshot import Ref
from tui.service.wire_words import in_words
from tui.service.writes.preview import Preview, SideTotal
from tui.standard_output import OutputError

MOST_SAID: Final = 5
"""Items that people are told one by one; programs are told all."""
MOST_REQUESTED: Final = 20
"""Items whose requests people are shown; programs are told all."""
JOURNAL_ADVICE: Final = "'blotter journal list' shows what is known of it by now."
_IN_BRACES: Final = r"\{(\w+)\}"


class WriteAnswer(Struct, frozen=True):
    """The answer to one document: how it ended, its members for programs, its words for people.

    ``retry`` says whether the same command may do better later.
    """

    document: WriteDocument
    code: ExitCode
    body: Mapping[str, Any]
    words: Sequence[str]
    retry: bool = False


def refused_answer(
    document: WriteDocument,
    code: ExitCode,
    sentences: Sequence[str],
    *,
    retry: bool = False,
    more: Mapping[str, Any] | None = None,
) -> WriteAnswer:
    """Return the answer to a document of which nothing is planned or sent, why, and ``more`` for programs."""
    said = [with_commands(sentence) for sentence in sentences]
    place = f"{document.place}: " if document.line else ""
    words = [f"{place}{sentence}" for sentence in said]
    body = {**_about(document), **(more or {}), "why": "\n".join(said)}
    return WriteAnswer(document, code, body, words, retry)


def planned_answer(write: PlannedWrite, desk: Desk, code: str, confirm: str, until: datetime) -> WriteAnswer:
    """Return the answer that says what would be sent, and how to confirm it."""
    preview, verb = write.prepared.preview, write.prepared.verb
    body = {
        **_about(write.document),
        "outcome": "planned",
        "code": code,
        "confirm": confirm,
        "until": until,
        "asked": preview.headline,
        "tier": preview.tier.value,
        "count": preview.count,
        "items": [{**_row(ref), "asked": text} for ref, text in preview.items.items()],
        "totals": [_total(total) for total in preview.totals],
        "warnings": [
            {"kind": each.kind, "count": each.count, "texts": each.texts or (each.text,)}
            for each in preview.soft
        ],
        "effects": preview.effects,
        "positions": preview.positions,
        "heading": preview.heading,
        "afterwards": preview.afterwards,
        "shares": preview.shares and {"titles": preview.shares.titles, "rows": preview.shares.rows},
        "refused": [outcome_item(each) for each in write.refused],
        "requests": [*_requests(write, desk)],
        "curl": desk.curl(verb).splitlines(),
        "versions": [{**_row(ref), "version": version} for ref, version in write.versions.items()],
        **(write.ready.body if write.ready else {}),
    }
    ended = ExitCode.SOME_REFUSED if write.refused else ExitCode.DONE
    return WriteAnswer(write.document, ended, body, [*_plan_words(write, desk)])


def outcome_answer(
    document: WriteDocument,
    asked: str,
    outcomes: Sequence[Outcome],
    desk: Desk,
    *,
    decision: str,
    differences: Sequence[Difference] = (),
    request_id: str = "",
    again: bool = False,
    refused: Sequence[Outcome] = (),
    told: str = "",
) -> WriteAnswer:
    """Return the answer that says what became of a document, item by item.

    ``again`` says that it was found in the journal; ``refused`` are rows that were left out of the plan;
    ``told`` is where else it was written down.
    """
    every = (*outcomes, *refused)
    code = code_of(every)
    body = {
        **_about(document),
        "asked": asked,
        "decision": decision,
        "requestId": request_id or None,
        "again": again,
        "items": [outcome_item(each) for each in every],
        "differences": [{**_row(each.ref), "text": each.text} for each in differences],
    }
    words = [*_outcome_words(document, asked, every, desk, again=again)]
    words += (f"  {_called(each.ref, desk)}: {each.text}" for each in differences)
    if told:
        body["told"] = told
        words.append(f"  {told}")
    if code is ExitCode.SOME_UNKNOWN:
        body["advice"] = JOURNAL_ADVICE
        words.append(f"  {JOURNAL_ADVICE}")
    return WriteAnswer(
        document, code, body, words, retry=code in (ExitCode.NOT_REACHED, ExitCode.SOME_UNKNOWN)
    )


def give(output: CommandOutput, answers: Sequence[WriteAnswer], after: Sequence[str] = ()) -> ExitCode:
    """Write the answers, one document or a line each; return the exit code of all of them together.

    ``after`` is said to people at the end. What was sent keeps its exit code where that cannot be written.

    Raises:
        OutputError: nothing was sent, and that cannot be written.
    """
    try:
        _write(output, answers, after)
    except OutputError as error:
        if not any("decision" in answer.body for answer in answers):
            raise
        output.say(f"{error} {JOURNAL_ADVICE}")
    return together(answer.code for answer in answers)


def _write(output: CommandOutput, answers: Sequence[WriteAnswer], after: Sequence[str]) -> None:
    if output.environment is not None and not output.is_json:
        user = f", as {output.user}" if output.user else ""
        output.text(clean(f"{output.environment}{user}"))
    for answer in answers:
        if output.is_json:
            output.document(answer.body, answer.code, retry=answer.retry)
        elif answer.words:
            output.text("\n".join(clean(line) for line in answer.words))
    if after and not output.is_json:
        output.text("\n".join(clean(line) for line in after))


def together(codes: Iterable[ExitCode]) -> ExitCode:
    """Return the exit code of a command whose documents ended so: what is not known goes before all.

    >>> together([ExitCode.DONE, ExitCode.NOT_REACHED]).name, together([ExitCode.NOT_REACHED]).name
    ('SOME_REFUSED', 'NOT_REACHED')
    """
    found = {*codes}
    if len(found) == 1:
        return found.pop()
    for code in (ExitCode.SOME_UNKNOWN, ExitCode.USAGE):
        if code in found:
            return code
    return ExitCode.SOME_REFUSED if found else ExitCode.DONE


def with_commands(sentence: str) -> str:
    """Return ``sentence`` with the command of an action in the place of the action's id in braces."""
    return re.sub(_IN_BRACES, lambda found: _command_of(found[1]) or found[0], sentence)


def _command_of(id: str) -> str:
    name = id.replace("_", "-")
    if name in COMMANDS:
        return f"'blotter {name}'"
    return ACTIONS_BY_ID[id].label if id in ACTIONS_BY_ID else ""


def code_of(outcomes: Sequence[Outcome]) -> ExitCode:
    """Return how a decision ended whose items ended so."""
    statuses = {each.status for each in outcomes}
    types = {each.type for each in outcomes}
    if Status.UNKNOWN in statuses:
        return ExitCode.SOME_UNKNOWN
    if types == {"NotJournalled"}:
        return ExitCode.FAILED
    if types <= _NOT_REACHED and not statuses & {Status.DONE, Status.STAGED}:
        return ExitCode.NOT_REACHED
    return ExitCode.DONE if statuses <= {Status.DONE} else ExitCode.SOME_REFUSED


def _named_so(kind: type[Exception]) -> Iterator[str]:
    yield kind.__name__
    for each in kind.__subclasses__():
        yield from _named_so(each)


_NOT_REACHED: Final = frozenset(("Unauthenticated", *_named_so(NotSent)))
"""The types of outcomes of what the server never saw, or did not let in."""


def _about(document: WriteDocument) -> dict[str, Any]:
    said: dict[str, Any] = {"command": document.command}
    if document.line:
        said["line"] = document.line
    if document.key:
        said["key"] = document.key
    return said


def _row(ref: Ref) -> dict[str, str]:
    return {"kind": ref.kind.value, "id": str(ref.id)}


def outcome_item(outcome: Outcome) -> dict[str, str]:
    """Return the outcome of an item as programs read it."""
    said = {
        "why": outcome.reason,
        "type": outcome.type,
        "advice": with_commands(outcome.advice),
        "note": outcome.note,
    }
    return {
        **_row(outcome.ref),
        "status": outcome.status.value,
        **{name: text for name, text in said.items() if text},
    }


def _total(total: SideTotal) -> dict[str, Any]:
    return {
        "side": total.side,
        "currency": total.currency or None,
        "count": total.count,
        "quantity": total.quantity,
        "notional": total.notional,
        "unsized": total.unsized,
        "unpriced": total.unpriced,
    }


def _requests(write: PlannedWrite, desk: Desk) -> Iterator[dict[str, Any]]:
    for part in write.prepared.verb.split():
        try:
            request = part.build(desk.client)
        except NotSent as error:
            yield {"why": error.why}
        else:
            body = msgspec.Raw(request.content or b"null")
            yield {"method": request.operation.method, "path": request.target, "body": body}


def _plan_words(write: PlannedWrite, desk: Desk) -> Iterator[str]:
    preview = write.prepared.preview
    place = f"{write.document.place}: " if write.document.line else ""
    yield f"{place}{preview.headline}"
    if preview.count > 1:
        yield from _first("  {}", list(preview.items.values()))
    for warning in preview.soft:
        yield f"  ! {warning.text}" + (f" ({warning.count:,})" if warning.count > 1 else "")
    yield from (f"  {_total_words(total)}" for total in preview.totals)
    yield from _first("  {}", preview.positions)
    yield from _first("  {}", preview.effects)
    if preview.heading:
        yield f"  {preview.heading}{':' if preview.afterwards or preview.shares else '.'}"
    yield from _first("    {}", preview.afterwards)
    yield from _shares(preview)
    yield from _first(
        "  Left out: {}", [f"{_called(each.ref, desk)}: {each.reason}" for each in write.refused]
    )
    if write.ready is not None and write.ready.left_out:
        yield f"  {write.ready.left_out}"
    if preview.count <= MOST_REQUESTED:
        yield from (f"  {line}" for line in desk.curl(write.prepared.verb).splitlines())


def _shares(preview: Preview) -> Iterator[str]:
    if preview.shares is not None:
        yield f"    {', '.join(preview.shares.titles)}"
        yield from _first("    {}", [", ".join(row) for row in preview.shares.rows])


def _total_words(total: SideTotal) -> str:
    """Return a total in words: ``buy 3 items, 30,000 shares, 24,600.00 GBP``."""
    said = [f"{in_words(total.side) or 'in all'}: {counted(total.count, 'item')}"]
    if total.quantity is not None:
        said.append(counted(total.quantity, "unit"))
    if total.notional is not None:
        said.append(f"{money(total.notional, total.currency)}")
    if total.unsized or total.unpriced:
        said.append("not all of it is known")
    return ", ".join(said)


def _outcome_words(
    document: WriteDocument, asked: str, outcomes: Sequence[Outcome], desk: Desk, *, again: bool
) -> Iterator[str]:
    place = f"{document.place}: " if document.line else ""
    yield f"{place}{asked}" + (" (this is what became of it the first time)" if again else "")
    for status in Status:
        found = [each for each in outcomes if each.status is status]
        texts = [f"{_called(each.ref, desk)}{_why(each)}" for each in found]
        yield from _first(f"  {status.value}: {{}}", texts)


def _why(outcome: Outcome) -> str:
    said = " ".join(filter(None, (outcome.reason, with_commands(outcome.advice), outcome.note)))
    return f": {said}" if said else ""


def _called(ref: Ref, desk: Desk) -> str:
    return f"{ref.kind.singular} {desk.snapshot.name_of(ref.kind, ref.id)}"


def _first(pattern: str, texts: Sequence[str]) -> Iterator[str]:
    """Yield the first of many texts, and how many more there are."""
    yield from (pattern.replace("{}", text) for text in texts[:MOST_SAID])
    if len(texts) > MOST_SAID:
        yield pattern.replace("{}", f"and {len(texts) - MOST_SAID:,} more")
