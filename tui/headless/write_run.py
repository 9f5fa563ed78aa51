"""Write commands: the dry run that plans, and the yes that sends exactly what was planned, once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from tui.api.placing_states import Guard
from tui.headless.asked_verb import WriteRefused, ask
from tui.headless.command_failed import CommandFailed
from tui.headless.command_output import CommandOutput
from tui.headless.exit_codes import ExitCode
from tui.headless.plan_check import (
    HOLDS_FOR,
    ConfirmedWrite,
    PlanChanged,
    codes_so_far,
    server_of,
    worked_out_again,
)
from tui.headless.planned_write import PlannedWrite, plan_write
from tui.headless.read_rows import moment_of
from tui.headless.rows_by_id import RowsById
from tui.headless.stop_signals import StopSignals
from tui.headless.write_answers import (
    WriteAnswer,
    give,
    outcome_answer,
    planned_answer,
    refused_answer,
)
from tui.headless.write_claims import RECHECKS_S, Underway, WriteClaims, check_keys, key_name, plan_name
from tui.headless.write_commands import USUAL_WAIT_S
from tui.headless.write_documents import WriteDocument
from tui.service.desk import Desk
from tui.service.ids import new_id
from tui.service.journal.decisions import DecisionState
from tui.service.journal.journal import Plan
from tui.service.journal.unwritable_journal import journal_advice
from tui.service.numbers import number_text
from tui.service.outcomes import Outcome, Status
from tui.service.sentence import wording
from tui.service.writes.dispatch import Dispatch
from tui.service.writes.limit_words import limit_words

REHEARSAL_S: Final = 30.0
"""Seconds after which a rehearsal is given up: no person waits for it."""
FIRST_READ_S: Final = 1.0
"""Seconds for which one of several lines is read back before the next one is sent."""
PROGRESS_EVERY: Final = 100
"""Lines after which it is said how far a command is."""
ALL_OR_NOTHING: Final = "Nothing is planned, because of other lines."
PLAN_CHANGED: Final = "Plan changed: {}. Nothing was sent."
NEW_PLAN: Final = "{} This is the new plan."
UNDERWAY: Final = (
    "Another program is carrying this out, and its outcome is not known yet: ask the same again later."
)
READ_ONLY: Final = "This desk is read-only: nothing can be written from it, and nothing is planned."
STOPPED_EARLIER: Final = "It was stopped before this was sent."


class WriteOrder(Struct, frozen=True):
    """What a write command is asked to do: documents, and the code of the plan that is confirmed, if one is.

    ``confirm`` is the command that was typed, without a code: behind it the code of a plan is written.
    """

    documents: Sequence[WriteDocument]
    yes: str = ""
    confirm: str = ""
    wait_s: float = USUAL_WAIT_S


async def run_write(order: WriteOrder, desk: Desk, output: CommandOutput) -> ExitCode:
    """Plan the documents, or carry out their plan; answer every one of them; return the exit code.

    Raises:
        CommandFailed: the command as a whole cannot be carried out; nothing was sent.
    """
    if desk.read_only:
        raise CommandFailed(ExitCode.FAILED, READ_ONLY)
    desk.rehearsal_s = REHEARSAL_S
    output.about(desk.environment, desk.user, moment_of(desk.snapshot))
    try:
        check_keys(order.documents)
    except ValueError as error:
        raise CommandFailed(ExitCode.USAGE, str(error)) from None
    command = WriteCommandRun(order, desk, output.say)
    try:
        answers, after = await (command.send() if order.yes else command.plan())
    except OSError as error:
        raise CommandFailed(ExitCode.FAILED, not_journalled(error), advice=journal_advice(error)) from error
    output.about(desk.environment, desk.user, moment_of(desk.snapshot))
    return give(output, answers, after)


Answers = tuple[Sequence[WriteAnswer], Sequence[str]]
"""The answers to all documents in their order, and what is said to people behind them."""


class WriteCommandRun:
    """One write command on a desk. ``say`` is told how far it is."""

    def __init__(self, order: WriteOrder, desk: Desk, say: Callable[[str], None]) -> None:
        self._order = order
        self._say = say
        self._desk = desk
        self._claims = WriteClaims(desk, order.wait_s)
        self._stop = StopSignals()

    # --- the dry run ---------------------------------------------------------------------------------

    async def plan(self, why: str = "") -> Answers:
        """Plan what is not done under its key already, and keep the plan; ``why`` is why it is a new one."""
        documents = self._order.documents
        answers: dict[int, WriteAnswer] = {}
        wrong = False
        await self._learn_keys()
        for number, document in enumerate(documents):
            if found := await self._done_under_key(document):
                answers[number] = found
                wrong = wrong or "items" not in found.body
        rows = RowsById(documents, self._desk.snapshot)
        writes: dict[int, PlannedWrite] = {}
        for number, document in enumerate(documents):
            if number in answers:
                continue
            self._tell(number, "worked out")
            try:
                writes[number] = await plan_write(await ask(document, self._desk, rows), self._desk)
            except WriteRefused as error:
                wrong = True
                answers[number] = refused_answer(document, error.code, error.sentences, more=error.body)
        too_many = "" if wrong else self._too_many(writes.values())
        if wrong or too_many:
            answers |= {
                number: refused_answer(write.document, ExitCode.SOME_REFUSED, [too_many or ALL_OR_NOTHING])
                for number, write in writes.items()
            }
            answers = {number: _as_changed(answer, why) for number, answer in answers.items()}
            return _in_order(answers), []
        after: list[str] = []
        if writes:
            code = await self._keep(tuple(writes.values()))
            confirm, until = f"{self._order.confirm} --yes {code}", datetime.now(UTC) + HOLDS_FOR
            for number, write in writes.items():
                answers[number] = planned_answer(write, self._desk, code, confirm, until)
            lines = ", with the same lines on standard input" if documents[0].line else ""
            why = NEW_PLAN.format(why) if why else ""
            after = [*filter(None, [why]), f"Nothing was sent. To send it within ten minutes{lines}:"]
            after.append(f"  {confirm}")
        answers = {number: _as_changed(answer, why) for number, answer in answers.items()}
        return _in_order(answers), after

    def _tell(self, number: int, done: str) -> None:
        """Say how far a long command is, now and then."""
        if number and number % PROGRESS_EVERY == 0:
            self._say(f"{number:,} of {len(self._order.documents):,} lines {done}.")

    def _too_many(self, writes: Collection[PlannedWrite]) -> str:
        """Return why so many lines are not confirmed at once: they are written down, as a basket is."""
        count = sum(write.prepared.preview.count for write in writes if not write.prepared.preview.emergency)
        bound = self._desk.limits.bound("basket_hard")
        if len(writes) < 2 or bound.value is None or count <= bound.value:
            return ""
        return f"{count:,} items at once, above the {limit_words(Guard.REFUSED, bound, number_text)}."

    async def _learn_keys(self) -> None:
        names = [key_name(each) for each in self._order.documents if each.key]
        await self._claims.learn(names, for_long=True)

    async def _done_under_key(self, document: WriteDocument) -> WriteAnswer | None:
        if not document.key:
            return None
        try:
            state = await self._claims.held(key_name(document), document.digest)
            if state is None:
                self._claims.check_whole()
        except WriteRefused as error:
            return refused_answer(document, error.code, error.sentences)
        except Underway:
            return refused_answer(document, ExitCode.SOME_UNKNOWN, [UNDERWAY], retry=True)
        return None if state is None else self._first_outcome(document, state)

    async def _keep(self, writes: Sequence[PlannedWrite]) -> str:
        """Keep a plan in the journal, and return its code: the first that was not used yet."""
        journal, at = self._desk.journal, datetime.now(UTC)
        *_, code = await codes_so_far(writes, self._desk)
        for write in writes:
            plan = Plan(
                code,
                at,
                server_of(self._desk),
                self._desk.environment.name,
                self._desk.user,
                write.document.planned_digest,
                write.prepared.verb,
                write.versions,
            )
            await asyncio.to_thread(journal.keep_plan, plan)
        return code

    # --- the yes -------------------------------------------------------------------------------------

    async def send(self) -> Answers:
        """Send what was planned, each document once; one that was decided before has its first outcome.

        Where anything is otherwise than it was planned, nothing is sent, and there is a new plan.
        """
        await self._learn_keys()
        found = await asyncio.to_thread(self._desk.journal.find_plans, self._order.yes)
        pairs = await self._paired(found)
        if pairs is None:
            why = (
                "the documents are not those of this code" if found else "there is no plan of this code here"
            )
            return await self.plan(PLAN_CHANGED.format(why))
        answers: dict[int, WriteAnswer] = {}
        await self._claims.learn([plan_name(each.plan.code, each.number) for each in pairs.values()])
        for number, document in enumerate(self._order.documents):
            if answer := await self._decided(document, pairs.get(number)):
                answers[number] = answer
        left = {number: pair for number, pair in pairs.items() if number not in answers}
        if left:
            whole = len(left) == len(pairs)
            try:
                writes = await worked_out_again(left, self._desk, whole=whole)
            except PlanChanged as changed:
                if whole:
                    return await self.plan(PLAN_CHANGED.format(changed))
                said = [f"Plan changed: {changed}. This was not sent: plan it again."]
                for number, each in left.items():
                    answers[number] = refused_answer(each.document, ExitCode.SOME_REFUSED, said)
            else:
                with self._stop.heard():
                    answers |= await self._find_out(await self._send_all(writes, left))
        return _in_order(answers), []

    async def _paired(self, plans: Sequence[Plan]) -> Mapping[int, ConfirmedWrite] | None:
        """Return the plan of each document by its position, with its number; None where they differ.

        A document that was done under its key before it could be planned has none.
        """
        pairs: dict[int, ConfirmedWrite] = {}
        for number, document in enumerate(self._order.documents):
            paired = len(pairs)
            if paired < len(plans) and plans[paired].document == document.planned_digest:
                pairs[number] = ConfirmedWrite(document, plans[paired], paired + 1)
            elif not document.key or await self._done_under_key(document) is None:
                return None
        return pairs if pairs and len(pairs) == len(plans) else None

    async def _decided(self, document: WriteDocument, pair: ConfirmedWrite | None) -> WriteAnswer | None:
        """Return the first outcome of a document that was decided before; None when it is to be sent."""
        if answer := await self._done_under_key(document):
            return answer
        if pair is None:
            return None
        name = plan_name(pair.plan.code, pair.number)
        try:
            state = await self._claims.held(name, pair.plan.document)
        except WriteRefused as error:
            return refused_answer(document, error.code, error.sentences)
        except Underway:
            return refused_answer(document, ExitCode.SOME_UNKNOWN, [UNDERWAY], retry=True)
        return None if state is None else self._first_outcome(document, state)

    async def _send_all(
        self, writes: Mapping[int, PlannedWrite], confirmed: Mapping[int, ConfirmedWrite]
    ) -> dict[int, WriteAnswer]:
        """Send one after the other; after one that shows that nobody is reached, no more is sent."""
        answers: dict[int, WriteAnswer] = {}
        wait_s = self._order.wait_s
        self._desk.read_back_s = wait_s if len(writes) == 1 else min(FIRST_READ_S, wait_s)
        halted: tuple[Outcome, ...] = ()
        for number, write in writes.items():
            document, verb = write.document, write.prepared.verb
            asked = write.prepared.preview.headline
            if self._stop.asked:
                outcomes = verb.all(Status.NOT_SENT, reason=STOPPED_EARLIER, type="Stopped")
                answers[number] = outcome_answer(document, asked, outcomes, self._desk, decision="")
                continue
            if halted:
                first = halted[0]
                outcomes = verb.all(
                    Status.NOT_SENT, reason=first.reason, type=first.type, advice=first.advice
                )
                answers[number] = outcome_answer(document, asked, outcomes, self._desk, decision="")
                continue
            self._tell(number, "sent")
            answers[number], halted = await self._send_one(confirmed[number].number, write)
        return answers

    async def _find_out(self, answers: dict[int, WriteAnswer]) -> dict[int, WriteAnswer]:
        """Return the answers to several lines with what is found out of those of unknown outcome.

        They are read back together once all are sent: none holds the next one up.
        """
        unknown = {
            str(answer.body["decision"]): number
            for number, answer in answers.items()
            if answer.code is ExitCode.SOME_UNKNOWN and answer.body.get("decision")
        }
        self._claims.begin_to_wait()
        while unknown and len(answers) > 1:
            await self._desk.recheck()
            found = await asyncio.to_thread(self._desk.journal.decisions, [*unknown])
            for id, state in found.items():
                if not any(each.status is Status.UNKNOWN for each in state.outcomes):
                    number = unknown.pop(id)
                    document = self._order.documents[number]
                    answers[number] = self._first_outcome(document, state, again=False)
            if self._stop.asked or self._claims.left_s < RECHECKS_S:
                break
            await asyncio.sleep(RECHECKS_S)
        return answers

    async def _send_one(self, at: int, write: PlannedWrite) -> tuple[WriteAnswer, tuple[Outcome, ...]]:
        """Claim a document and send it; return its answer, and its outcomes if nothing more can be sent."""
        document, verb, decision = write.document, write.prepared.verb, new_id()
        names = {plan_name(self._order.yes, at): document.planned_digest}
        if document.key:
            names[key_name(document)] = document.digest
        try:
            for name, digest in names.items():
                state = await self._claims.take(name, digest, decision)
                if state is not None:
                    return self._first_outcome(document, state), ()
        except WriteRefused as error:
            return refused_answer(document, error.code, error.sentences), ()
        except Underway:
            return refused_answer(document, ExitCode.SOME_UNKNOWN, [UNDERWAY], retry=True), ()
        except OSError as error:
            why = not_journalled(error)
            outcomes = verb.all(
                Status.NOT_SENT, reason=why, type="NotJournalled", advice=journal_advice(error)
            )
            asked = write.prepared.preview.headline
            return outcome_answer(document, asked, outcomes, self._desk, decision=""), outcomes
        dispatch = Dispatch(verb)
        self._stop.watch(dispatch)
        report = await self._desk.carry_out(write.prepared, dispatch, decision_id=decision)
        await self._desk.told(report)
        told = await asyncio.to_thread(write.ready.told, report, Path.cwd()) if write.ready else ""
        answer = outcome_answer(
            document,
            write.prepared.preview.headline,
            report.outcomes,
            self._desk,
            decision=report.decision,
            differences=report.differences,
            request_id=report.request_id,
            told=told,
        )
        ended = answer.code in (ExitCode.NOT_REACHED, ExitCode.FAILED)
        return answer, report.outcomes if ended else ()

    def _first_outcome(
        self, document: WriteDocument, state: DecisionState, *, again: bool = True
    ) -> WriteAnswer:
        said = wording(state.decision.verb, self._desk.snapshot)
        return outcome_answer(
            document,
            state.label or said.asked,
            state.outcomes,
            self._desk,
            decision=state.decision.id,
            differences=state.differences,
            again=again,
        )


def not_journalled(error: OSError) -> str:
    """Return that a disk does not take the journal, as a sentence."""
    return f"The journal cannot take it ({error.strerror or error}), and nothing is sent without it."


def _in_order(answers: Mapping[int, WriteAnswer]) -> Sequence[WriteAnswer]:
    return [answers[number] for number in sorted(answers)]


def _as_changed(answer: WriteAnswer, why: str) -> WriteAnswer:
    """Return the answer that stands in the place of one to a yes, where ``why`` says what changed."""
    if not why or ("items" in answer.body and answer.body.get("outcome") != "planned"):
        return answer  # what became of it the first time
    said = "\n".join(filter(None, (why, answer.body.get("why", ""))))
    if answer.body.get("outcome") == "planned":
        return replace(
            answer, body={**answer.body, "outcome": "planChanged", "why": said}, code=ExitCode.SOME_REFUSED
        )
    return replace(answer, body={**answer.body, "why": said}, words=[why, *answer.words])
