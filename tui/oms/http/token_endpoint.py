"""The token endpoint, as the SDK's secrets.json flow uses it.

It speaks OAuth 2 (RFC 6749): requests are forms, and errors have bodies of their own. Responses have no
``id_token``: nobody could verify it, and the SDK does not read it.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tui.oms.auth.attempts import TooManyAttempts
from tui.oms.auth.tokens import Grant, GrantRefused, Tokens
from tui.oms.http import guards
from tui.oms.http.call import Call

MAX_FORM_BYTES: Final = 16 * 1024
OFFLINE: Final = "offline_access"
"""The scope that requests a refresh token."""


async def token(tokens: Tokens, call: Call) -> Response:
    """Grant tokens for a password or a refresh token, or return the OAuth error."""
    try:
        form = await _form(call)
        grant = _grant(tokens, form, call.request)
    except GrantRefused as refused:
        body: dict[str, Any] = {"error": refused.error, "error_description": refused.description}
        answer = _answer(body, refused.status)
        if refused.status == 401:
            answer.headers["www-authenticate"] = 'Basic realm="blotter"'
        return answer
    except TooManyAttempts as refused:
        answer = _answer({"error": "slow_down", "error_description": str(refused)}, 429)
        answer.headers["retry-after"] = str(refused.seconds)
        return answer
    scope = form.get("scope", f"openid {OFFLINE}")
    body = {
        "token_type": "Bearer",
        "expires_in": grant.seconds,
        "access_token": grant.access,
        "scope": scope,
    }
    if OFFLINE in scope.split():
        body["refresh_token"] = grant.refresh
    return _answer(body, 200)


def _grant(tokens: Tokens, form: Mapping[str, str], request: Request) -> Grant:
    kind = _required(form, "grant_type")
    if kind not in ("password", "refresh_token"):
        sentence = "The grant_type is neither password nor refresh_token."
        raise GrantRefused("unsupported_grant_type", sentence)
    client, secret = _client(form, request)
    origin = guards.origin_of(request)
    tokens.check_client(client, secret, origin)
    if kind == "password":
        return tokens.sign_on(_required(form, "username"), _required(form, "password"), client, origin)
    return tokens.refresh(_required(form, "refresh_token"), client)


def _required(form: Mapping[str, str], name: str) -> str:
    value = form.get(name)
    if not value:
        raise GrantRefused("invalid_request", f"The {name} is missing.")
    return value


def _client(form: Mapping[str, str], request: Request) -> tuple[str, str]:
    """Return the client's id and secret, from the form or from Basic credentials (the SDK's refresh).

    The SDK joins them without the escapes of RFC 6749, section 2.3.1.
    """
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        client, _, secret = base64.b64decode(given.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise GrantRefused("invalid_request", "The Basic credentials cannot be read.") from None
    return client, secret


async def _form(call: Call) -> dict[str, str]:
    if not re.fullmatch(guards.FORM, call.request.headers.get("content-type", "")):
        sentence = "The content type must be application/x-www-form-urlencoded."
        raise GrantRefused("invalid_request", sentence)
    try:
        raw = (await guards.body(call, MAX_FORM_BYTES)).decode()
        pairs = parse_qsl(raw, keep_blank_values=True, max_num_fields=50, errors="strict")
    except (UnicodeDecodeError, ValueError):
        raise GrantRefused("invalid_request", "The form cannot be read.") from None
    form = dict(pairs)
    if len(form) < len(pairs):
        raise GrantRefused("invalid_request", "A parameter is given more than once.")
    return form


def _answer(body: Mapping[str, Any], status: int) -> Response:
    headers = {"cache-control": "no-store", "pragma": "no-cache"}
    return Response(msgspec.json.encode(body), status, headers=headers, media_type=guards.JSON)
