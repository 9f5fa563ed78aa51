"""What whoever is signed on may do, asked of the access service where the server has one (R65).

Policies name an operation by its code; how a question about one is written is not documented. So an answer
counts only when it tells operations apart: denied altogether, or refused, it is discarded, and what may not
be done is learned from the refusals of writes. Granted is no promise. Denied is said before a ticket is
filled, and is no more than a belief: somebody who insists may try, and an operation that the server carried
out is not believed to be denied any more.
"""

from __future__ import annotations

import logging
import textwrap
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from tui.api.access_models import (
    AccessAction,
    AccessQuestion,
    AccessResource,
    EvaluationRequest,
    EvaluationResult,
)
from tui.api.client import Client
from tui.api.errors import ApiError, NotFound, NotServed, Refused
from tui.api.operation import Operation
from tui.api.reference_operations import EVALUATE_ACCESS
from tui.service.learned import Learned

EVERY: Final = timedelta(hours=1)
"""How often is asked anew: roles change."""
USELESS: Final = "access.useless"
"""The name under which is remembered that the answers of a server say nothing."""
GRANTED: Final = "granted"
LONGEST_REASON: Final = 300
"""The characters of a reason that are said: it stands in a ticket."""
LICENCE: Final = "deniedaslicencerequired"

log = logging.getLogger(__name__)


def question_of(code: str) -> EvaluationRequest:
    """Return the question whether the operation with this code may be called."""
    action = AccessAction(entity_code="Feature", scope="default", activity="Execute")
    return EvaluationRequest(
        request=AccessQuestion(action=action), resource=AccessResource(id={"scope": "LUSID", "code": code})
    )


def why_denied(answer: EvaluationResult) -> str:
    """Return why an action is denied: not licensed is another thing than not permitted."""
    said = textwrap.shorten(answer.detailed_message or "", LONGEST_REASON, placeholder=" …")
    head = "not licensed" if answer.result.casefold() == LICENCE else "not permitted"
    return f"{head}: {said}" if said else head


class Permissions:
    """Asks which of ``operations`` may be called, and notes in the client which may not.

    ``now`` is this machine's clock, aware UTC.
    """

    def __init__(
        self,
        client: Client,
        learned: Learned,
        operations: Callable[[], Iterable[Operation[Any, Any]]],
        now: Callable[[], datetime],
    ) -> None:
        self._client = client
        self._learned = learned
        self._operations = operations
        self._now = now
        self._asked_at: datetime | None = None
        self._refusals = 0

    def ask_anew(self) -> None:
        """Ask again at the next opportunity."""
        self._asked_at = None

    async def go_on(self) -> bool:
        """Ask when it is time to; return whether what may be done is told otherwise than before.

        It is time at sign-on, every hour, and after a write was refused. It never fails.
        """
        if not self._is_due() or self._learned.get(USELESS):
            return False
        self._asked_at, self._refusals = self._now(), len(self._client.denied)
        wanted = {each.name: each for each in self._operations()}
        questions = {name: question_of(each.feature) for name, each in wanted.items()}
        try:
            answers = await self._client.call(
                EVALUATE_ACCESS, questions, query={"applications": ("LUSID",)}, beside=True
            )
        except ApiError as error:
            if isinstance(error, Refused | NotServed | NotFound) and error.status in (
                400,
                403,
                404,
                405,
                501,
            ):
                self._learned.put(USELESS, True)
            log.info("what may be done is not known: %s", error)
            return self._believe({})
        told = {name: each for name, each in answers.items() if name in wanted}
        if not any(each.result.casefold() == GRANTED for each in told.values()):
            log.info("the access service denies all that was asked: its answer is not used")
            self._learned.put(USELESS, True)
            told = {}
        return self._believe(
            {name: why_denied(each) for name, each in told.items() if each.result.casefold() != GRANTED}
        )

    def _believe(self, denied: Mapping[str, str]) -> bool:
        """Note what is denied, but for what was carried out already; return whether it differs."""
        before = dict(self._client.foretold)
        self._client.foretold.clear()
        self._client.foretold.update(
            {name: why for name, why in denied.items() if name not in self._client.carried_out}
        )
        return before != self._client.foretold

    def _is_due(self) -> bool:
        if self._asked_at is None or len(self._client.denied) > self._refusals:
            return True
        return self._now() - self._asked_at >= EVERY
