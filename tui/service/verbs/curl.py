"""A verb as the requests it will send, without sending them: as curl, and whether the server can do it."""

from __future__ import annotations

from tui.api.client import Client
from tui.api.errors import NotSent
from tui.api.sanitize import clean
from tui.service.verbs.verb import Verb


def curl(verb: Verb, client: Client) -> str:
    """Return the calls of ``verb`` as curl commands, one a line, with the token redacted.

    A call that cannot be built is a comment that says why.
    """
    return "\n".join(_command(part, client) for part in verb.split())


def _command(part: Verb, client: Client) -> str:
    try:
        return part.build(client).curl()
    except NotSent as error:
        return f"# {clean(error.why)}"


def unfit(verb: Verb, client: Client) -> str:
    """Return why the server's generation cannot do what ``verb`` asks for, empty when it can."""
    if client.generation == "latest":
        return ""
    try:
        for part in verb.split():
            part.build(client)
    except NotSent as error:
        return error.why
    return ""
