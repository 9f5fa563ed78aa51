"""``blotter serve``: the embedded server on a socket, for any client that speaks the API."""

from __future__ import annotations

import asyncio
import ipaddress
import secrets
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tui.input_files.mistakes import CheckError, all_at_once, print_mistakes
from tui.oms.auth.tokens import Tokens
from tui.oms.auth.users import Users, one_user, token_fault
from tui.oms.domain.clock import VirtualClock
from tui.oms.http.app import ServerSettings
from tui.oms.http.call import Dialect, Generation
from tui.oms.rules.fees import Fee
from tui.oms.run.embedded import Embedded, Size
from tui.oms.run.uvicorn_protocol import ConnectionLimits, most_connections
from tui.oms.run.uvicorn_server import UvicornServer, listen
from tui.oms.store import StoreError
from tui.standard_output import OutputError, write_out

if TYPE_CHECKING:
    from tui.oms.faults.scenario import Faults

OK: Final = 0
FAILED: Final = 1
USAGE_ERROR: Final = 2
SWITCH_INTERVAL_S: Final = 0.001
"""The time a thread keeps the interpreter while others wait, in seconds; so long a read waits for a write."""
USER: Final = "dealer"
"""The user of every call where no file names users."""
_report: Final = partial(print_mistakes, "blotter serve")
"""Prints sentences on stderr and returns the exit code."""


def run(
    *,
    host: str = "127.0.0.1",
    port: int = 8011,
    db: Path | None = None,
    token: str | None = None,
    token_from: str = "",
    generation: Generation = "latest",
    size: Size = "empty",
    seed: int = 7,
    market: bool = False,
    clock: datetime | None = None,
    users: Path | None = None,
    inject: Sequence[str] = (),
    scenario: Path | None = None,
    fees: Path | None = None,
    dialect: Dialect = Dialect(),  # noqa: B008, it is frozen
    warning: str = "",
) -> int:
    """Serve until SIGINT or SIGTERM and return the exit code.

    The first two lines on stdout are ``url http://HOST:PORT/api`` and ``token TOKEN``; port 0 picks a free
    one. ``users`` is the file of users who may sign on; the second line is then ``token -``. Without it there
    is one user, who signs on with ``token`` or with a generated one. Of a token from elsewhere than the
    command line the place, ``token_from``, is printed: what a service prints stays in its log. ``db`` None
    stores nothing. ``warning`` is said on stderr. ``inject`` and the TOML file ``scenario`` request faults,
    which are named on stderr. ``fees`` is the file of the fees on bookings, ``dialect`` how addresses and
    filters are read. With ``clock`` time starts there and moves only with the market's steps, and the market
    is paused until it is resumed.
    """
    try:
        with all_at_once() as part:
            with part():
                token, known = _users_and_token(host, token, users)
            with part():
                faults = _faults(inject, scenario)
            with part():
                due = _fees(fees)
        listening = listen(host, port)
    except CheckError as error:
        return _report(str(error), USAGE_ERROR)
    except OSError as error:
        return _report(f"Cannot listen on {host}:{port}: {error.strerror or error}. Choose another.", FAILED)
    settings = ServerSettings(
        tokens=Tokens(known),
        generation=generation,
        hosts=_host_names(host),
        faults=faults,
        dialect=dialect,
    )
    if warning:
        _report(warning, OK)
    if faults is not None:
        _report(f"Faults are injected as requested: {faults}", OK)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    with closing(listening):
        try:
            shown = token_from or token
            asyncio.run(_serve(listening, shown, db, size, seed, market, settings, due, clock))
        except KeyboardInterrupt:  # later on, it stops the server
            return _report(
                "The demo data was not made: it was broken off. The next start begins anew.", FAILED
            )
        except (StoreError, OutputError) as error:
            return _report(str(error), FAILED)
    return OK


def verify(db: Path | None) -> int:
    """Check all of a database, say what is damaged and since when, and return the exit code."""
    from tui.oms.demo.compliance_facts import compliance_book
    from tui.oms.demo.universe import instrument_table
    from tui.oms.domain.times import from_micros
    from tui.oms.engine.engine import Engine

    if db is None:
        return _report("There is nothing to verify: ':memory:' keeps nothing.", USAGE_ERROR)
    if not db.is_file():
        return _report(f"There is no database {db}.", FAILED)
    try:
        engine = Engine.open(db, instrument_table, verify=True, compliance=compliance_book)
        changes, last = engine.read(lambda store: (store.changes, store.last))
        engine.close()
        until = f", the last at {from_micros(last):%Y-%m-%d %H:%M:%S} UTC" if changes else ""
        write_out(f"{db} is whole: {changes:,} changes{until}.")
    except (StoreError, OutputError) as error:
        return _report(str(error), FAILED)
    return OK


def _users_and_token(host: str, token: str | None, users: Path | None) -> tuple[str, Users]:
    """Return the token to print and the users who may sign on."""
    if users is not None:
        if token:
            raise CheckError("--token goes without --users: the file says who has which token.")
        from tui.oms.auth.users_file import read_users

        return "-", read_users(users)
    if not _is_loopback(host) and not token:
        raise CheckError(
            f"{host} is open to other machines, so a token is needed: give --token-file or set "
            "BLOTTER_TOKEN, or name who may sign on with --users."
        )
    if token is not None and (fault := token_fault(token)):
        raise CheckError(f"The token {fault}.")
    token = token or secrets.token_urlsafe(24)
    return token, one_user(USER, token)


def _faults(inject: Sequence[str], scenario: Path | None) -> Faults | None:
    if not inject and scenario is None:
        return None
    from tui.oms.faults.scenario import read_faults

    return read_faults(inject, scenario)


def _fees(file: Path | None) -> tuple[Fee, ...]:
    if file is None:
        return ()
    from tui.oms.run.fees_file import read_fees

    return read_fees(file)


async def _serve(
    listening: socket.socket,
    token: str,
    db: Path | None,
    size: Size,
    seed: int,
    market: bool,
    settings: ServerSettings,
    fees: tuple[Fee, ...],
    clock: datetime | None,
) -> None:
    embedded = await Embedded.open(
        db,
        size=size,
        seed=seed,
        market=market,
        settings=settings,
        fees=fees,
        clock=VirtualClock(clock) if clock is not None else None,
        tell=MakingReport(size).tell,
    )
    if clock is not None and market:
        embedded.market.pause()
    try:
        server = UvicornServer(embedded.app, ConnectionLimits(most=most_connections()))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, server.stop)
        host, port, *_ = listening.getsockname()
        shown = f"[{host}]" if ":" in host else host
        # Last, so that whoever reads these lines can already stop the server.
        write_out(f"url http://{shown}:{port}/api\ntoken {token}")
        await server.serve(listening)
    finally:
        await embedded.close()


class MakingReport:
    """Says on stderr how much of large demo data is made: each tenth of it.

    Args:
        size: the size of the demo data; that of ``demo`` takes no time to speak of.
        say: says a sentence.
    """

    def __init__(
        self, size: Size, say: Callable[[str], object] = lambda sentence: _report(sentence, OK)
    ) -> None:
        self._size = size
        self._say = say
        self._told = 0

    def tell(self, per_cent: int) -> None:
        """Hear how much is made, in per cent."""
        if per_cent // 10 > self._told // 10 and self._size != "demo":
            self._told = per_cent
            self._say(f"Making the demo data '{self._size}': {per_cent} %.")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _host_names(host: str) -> frozenset[str] | None:
    """Return the host names the server answers to; None for any when it listens on every address."""
    if host in ("0.0.0.0", "::"):
        return None
    own = () if _is_loopback(host) else (socket.gethostname().lower(),)
    return frozenset({host.lower(), f"[{host.lower()}]", "localhost", "127.0.0.1", "[::1]", *own})
