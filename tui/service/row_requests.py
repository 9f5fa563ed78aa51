"""The requests that read rows, as curl commands for a shell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from tui.api import operations
from tui.api.client import Client
from tui.api.errors import NotSent
from tui.api.http_request import Request
from tui.api.operation import Operation
from tui.api.sanitize import clean
from tui.api.urls import IN_PROCESS, SERVED
from tui.service.environment import Environment
from tui.service.filter_texts import quoted
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.service.snapshot.transaction_keys import portfolio_of

TOKEN: Final = "BLOTTER_TOKEN"
"""The variable of the shell that holds the access token; `blotter serve` takes its own from it too."""
MOST_REQUESTS: Final = 100
"""Requests that are written at once: who wants more wants a list."""
_READ_BY_ID: Final[Mapping[EntityKind, Operation[None, Any]]] = {
    EntityKind.BLOCKS: operations.BLOCKS.get,
    EntityKind.ORDERS: operations.ORDERS.get,
    EntityKind.PLACEMENTS: operations.PLACEMENTS.get,
    EntityKind.ALLOCATIONS: operations.ALLOCATIONS.get,
    EntityKind.EXECUTIONS: operations.EXECUTIONS.get,
}


def curl_of_rows(refs: Iterable[Ref], snapshot: Snapshot, client: Client, environment: Environment) -> str:
    """Return a curl command a row, which reads it as it was at the time shown, with the token in a variable.

    The server inside the program has no port; how to open one for the same data is said before.
    """
    wanted = list(refs)
    lines = list(_how_to_reach(client, environment))
    for ref in wanted[:MOST_REQUESTS]:
        try:
            request = _request(ref, snapshot, client)
        except NotSent as error:
            lines.append(f"# {clean(error.why)}")
        else:
            lines.append(request.curl(token=TOKEN).replace(IN_PROCESS, SERVED))
    if len(wanted) > MOST_REQUESTS:
        lines.append(f"# {len(wanted) - MOST_REQUESTS:,} more rows were selected and are left out.")
    return "\n".join(lines)


def _request(ref: Ref, snapshot: Snapshot, client: Client) -> Request[Any]:
    query = {"asAt": snapshot.as_at}
    if ref.kind is EntityKind.TRANSACTIONS:
        test = f"transactionId eq {quoted(ref.id.code)}"
        portfolio = portfolio_of(ref.id)
        return client.build(operations.PORTFOLIO_TRANSACTIONS, id=portfolio, query={**query, "filter": test})
    return client.build(_READ_BY_ID[ref.kind], id=ref.id, query=query)


def _how_to_reach(client: Client, environment: Environment) -> Iterable[str]:
    if client.http.base_url != IN_PROCESS:
        yield f"# ${TOKEN} is to hold your access token."
    elif environment.database == ":memory:":
        yield "# This desk's server has no port and keeps its data in memory: start the desk with --db FILE."
    else:
        import shlex

        database = f" --db {shlex.quote(environment.database)}" if environment.database else ""
        yield "# This desk's server has no port. Leave the desk, and open one for the same data:"
        yield f"#   export {TOKEN}=any-text; blotter serve{database}"
        yield f"# Then, in another shell with the same {TOKEN}:"
