"""What a desk reads beside its rows: who is signed on and what they may do, names, rules, prices, positions.

Nothing here holds up a load, a poll or a write, and no ``read`` fails. Each reader is made when it is first
needed: it imports much, and a start shows its first page before.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from msgspec.structs import replace

from tui.api import operations
from tui.api.client import Client
from tui.api.errors import ApiError, MalformedReply, Refused
from tui.api.models import Order, OrderGraphBlock
from tui.service.desk_profile import DeskProfile
from tui.service.environment import Environment, EnvironmentKind, Health, State, Update
from tui.service.learned import Learned
from tui.service.snapshot.compliance_states import failed_rules, unnamed_rules
from tui.service.snapshot.instruments import luid_of
from tui.service.snapshot.last_prices import LatestQuote
from tui.service.snapshot.records import Records
from tui.service.snapshot.snapshot import Ref, Snapshot

if TYPE_CHECKING:
    from tui.api.operation import Operation
    from tui.api.requests import CurrentUser
    from tui.service.permissions import Permissions
    from tui.service.reference.reference_reader import ReferenceReader
    from tui.service.reference.rule_reader import RuleReader
    from tui.service.reference.ticket_facts import TicketFacts
    from tui.service.verbs import Verb

log = logging.getLogger(__name__)


class RowsDesk(Protocol):
    """The desk whose rows these are: it publishes what was read beside them."""

    @property
    def environment(self) -> Environment:
        """The server, and who is signed on."""
        ...

    @property
    def health(self) -> Health:
        """The health of the connection."""
        ...

    @property
    def snapshot(self) -> Snapshot:
        """The rows as they stand."""
        ...

    @property
    def base_currency(self) -> str:
        """The currency that money is compared in."""
        ...

    def subscribe(self, listener: Callable[[Update], None]) -> Callable[[], None]:
        """Call ``listener`` on every update."""
        ...

    def publish_records(self, records: Records, rows: Iterable[Ref] | None) -> None:
        """Publish what reference data tell by now, of these rows or, with None, of any."""

    def publish_quotes(self, quotes: Mapping[str, LatestQuote], rates: Mapping[str, Decimal]) -> None:
        """Show quotes, by LUID, and use rates in the base currency, by currency."""

    def on_identified(self, user: CurrentUser) -> None:
        """Hear who is signed on."""

    def notify_listeners(self) -> None:
        """Notify its listeners that something is known by now that is in no row."""


class BesideRows:
    """Reads beside the rows of one desk.

    Args:
        desk: publishes what is read.
        client: the server.
        learned: what the server taught.
        profile: what its profile says of the desk.
        cache: the folder for what is remembered of this server; None remembers nothing.
        now: this machine's clock, aware UTC.
    """

    def __init__(
        self,
        desk: RowsDesk,
        client: Client,
        learned: Learned,
        profile: DeskProfile,
        cache: Path | None,
        now: Callable[[], datetime],
    ) -> None:
        self._desk = desk
        self._client = client
        self._learned = learned
        self._profile = profile
        self._cache = cache
        self._now = now
        self._identified = False
        self._permissions: Permissions | None = None
        self._reference: ReferenceReader | None = None
        self._rules: RuleReader | None = None
        self._facts: TicketFacts | None = None

    @property
    def facts(self) -> TicketFacts:
        """What tickets are told beside the rows: it is asked for when somebody looks."""
        if self._facts is None:
            from tui.service.reference.ticket_facts import TicketFacts

            calls = self.reference.calls
            self._facts = TicketFacts(calls, self._learned, self._profile, self._now, self._desk)
        return self._facts

    @property
    def reference(self) -> ReferenceReader:
        """What reads the reference data of this desk."""
        if self._reference is None:
            from tui.service.reference.optional_calls import OptionalCalls
            from tui.service.reference.reference_reader import ReferenceReader

            self._reference = ReferenceReader(
                OptionalCalls(self._client, self._learned, self._now),
                self._learned,
                self._profile,
                self._cache,
                now=self._now,
                snapshot=lambda: self._desk.snapshot,
                publish=self._desk.publish_records,
            )
            self._desk.subscribe(self._reference.hear)
        return self._reference

    def read_anew(self) -> None:
        """Read everything again at the next opportunity: somebody asked for it."""
        if self._permissions is not None:
            self._permissions.ask_anew()
        if self._reference is not None:
            self._reference.read_anew()
        if self._facts is not None:
            self._facts.drop_holdings()

    async def close(self) -> None:
        """Stop what is still being read."""
        if self._facts is not None:
            await self._facts.close()
        if self._reference is not None:
            self._reference.close()

    # --- who is signed on ----------------------------------------------------------------------

    async def identify(self) -> None:
        """Ask a remote server once who is signed on, after its desk has been read."""
        local = self._desk.environment.kind is EnvironmentKind.LOCAL
        if self._identified or local or self._desk.health.state is not State.LIVE:
            return
        try:
            user = await self._client.call(operations.WHO_AM_I)
        except ApiError as error:
            self._identified = isinstance(error, (Refused, MalformedReply))
            log.info("who is signed on is not known: %s", error)
            return
        self._identified = True
        self._desk.on_identified(user)

    async def read_permissions(self) -> None:
        """Ask what the user may do, at sign-on, every hour and after a refusal."""
        if not self._is_settled:
            return
        if self._permissions is None:
            from tui.service.permissions import Permissions

            self._permissions = Permissions(self._client, self._learned, _written, self._now)
        if await self._permissions.go_on():
            self._desk.notify_listeners()

    # --- what rows only name -------------------------------------------------------------------

    @property
    def _is_settled(self) -> bool:
        """Whether the rows are all there and the server answers."""
        return self._desk.health.state is State.LIVE and self._desk.snapshot.complete

    async def read_reference(self) -> None:
        """Read some more of what rows only name: instruments, portfolios, sides.

        It is meant to be called after the first load and after every poll.
        """
        if not self._is_settled:
            return
        await self.reference.go_on()

    async def read_names(self, luids: Iterable[str]) -> None:
        """Read what instruments outside the desk are called, as far as it is not known."""
        if self._desk.health.state is State.LIVE and self._reference is not None:
            self._reference.want(luids)
            await self.read_reference()

    async def read_rule_names(self, row: Order | OrderGraphBlock) -> str:
        """Read the names of the compliance rules that a row's orders did not pass, where they are not known.

        Returns why they are not known now, as the end of a sentence; empty when they are.
        """
        from tui.service.reference.rule_reader import RuleReader

        if not unnamed_rules(self._desk.snapshot, row):
            return ""
        if self._rules is None:
            self._rules = RuleReader(self.reference.calls)
        failed = failed_rules(self._desk.snapshot, row)
        found = await self._rules.names_for([detail.id for detail in failed])
        if found:
            records = self._desk.snapshot.records
            self._desk.publish_records(replace(records, rules={**records.rules, **found}), None)
        return self._rules.why_not()

    # --- prices and positions ------------------------------------------------------------------

    async def read_quotes(self, rows: Collection[Ref]) -> None:
        """Read the last prices of the instruments of ``rows``, those in sight.

        It is meant to be called after every poll: each instrument is asked for at most every half minute.
        """
        snapshot = self._desk.snapshot
        if self._profile.quotes is None or self._desk.health.state is not State.LIVE or snapshot.as_at:
            return
        await self.facts.read_quotes(filter(None, (luid_of(snapshot.row(ref)) for ref in rows)))

    async def await_holdings(self, verb: Verb) -> None:
        """Ask for what a preview of ``verb`` tells of portfolios; wait as long as a preview does."""
        from tui.service.positions import ABOUT_POSITIONS, keys_of
        from tui.service.reference.ticket_facts import PREVIEW_WAITS_S

        if not isinstance(verb, ABOUT_POSITIONS):
            return
        keys = await asyncio.to_thread(keys_of, verb, self._desk.snapshot)
        if keys:
            portfolios = dict.fromkeys(portfolio for portfolio, _ in keys)
            await asyncio.gather(
                self.facts.await_holdings(keys),
                self.reference.complete(portfolios, within_s=PREVIEW_WAITS_S),
            )


def _written() -> Iterable[Operation[Any, Any]]:
    """Return the operations that this program writes with."""
    from tui.service.verbs import VERBS

    return (verb.operation for verb in VERBS.values())
