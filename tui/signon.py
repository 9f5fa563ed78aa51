"""Servers over a network: a profile's settings checked, shown, and signed on with.

It joins what :mod:`tui.config.profiles` found with the sources of tokens in :mod:`tui.api.auth`. Settings
that cannot work are refused here, before the screen is taken.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec
from msgspec import Struct

from tui.api import urls
from tui.api.sanitize import clean
from tui.config import paths
from tui.config.kept_tokens import read_kept
from tui.config.limit_settings import LimitTable
from tui.config.profiles import LONGEST_MS, MOST_RETRIES, SETTINGS, Access, resolve_access
from tui.config.settings import ENV, Profile, Settings, SettingsError
from tui.config.token_files import check_token, read_token
from tui.input_files.mistakes import Mistake
from tui.service.desk_profile import DEFAULT_PROFILE, DeskProfile
from tui.service.environment import Environment, EnvironmentKind

if TYPE_CHECKING:
    from tui.api.client import Client
    from tui.api.connection_settings import Timeouts
    from tui.api.generations import Generation
    from tui.api.http import Http, Proxy, TokenSource

APPLICATION: Final = "blotter"
RATE_LIMIT_RETRIES: Final = 2
_BOUNDS_S: Final = {"connect_timeout_ms": 60, "read_timeout_ms": 300, "total_timeout_ms": 600}
"""The longest a timeout may be, in seconds: a dealer waits for the answer."""
_OKTA_ISSUER: Final = r"(?i)https?://[^/]*\.okta\.com/oauth2/.+"
_TOKEN_PATH: Final = r"(?i)/v\d+/token$"
EMPTY: Final[Mapping[str, Any]] = MappingProxyType({})
_ADDRESSES: Final = ("url", "token_url", "proxy")


class RemoteServer(Struct, frozen=True):
    """A server over the network: how it is told from others, and how it is reached."""

    environment: Environment
    reach: Callable[[], tuple[Http, Callable[[], Awaitable[None]]]]
    """Makes the connections, and what lets go of signing on. Raises NotSent when that cannot work."""
    limits: tuple[LimitTable, ...] = ()
    """What its profile and the file say about limits, the strongest first."""
    profile: DeskProfile = DEFAULT_PROFILE
    read_only: bool = False


def resolve_remote(given: argparse.Namespace, settings: Settings) -> RemoteServer:
    """Find out how to reach the server that the command line names.

    Raises:
        SettingsError: something is missing or wrong.
        SecretError: a file with secrets cannot be used.
    """
    access = collect_settings(given, settings)
    validate(access)
    url = access.text("url")
    environment = Environment(
        access.profile or "server",
        stakes(access),
        url,
        user=access.text("username") if access.signs_on else "",
        sign_on_again=_again(access),
        generation=generation_of(access),
    )
    profile = settings.profiles.get(access.profile) or Profile("", limits=settings.limits)
    return RemoteServer(
        environment,
        partial(_reach, access),
        profile.limits,
        profile=desk_profile(settings, profile.desk),
        read_only=profile.read_only,
    )


def desk_profile(settings: Settings, said: Mapping[str, Any] = EMPTY) -> DeskProfile:
    """Return what is known of a desk: what its profile ``said``, over what is said for all."""
    for_all = {
        "home": settings.home,
        "refresh_s": settings.refresh_seconds,
        "shared_views": settings.shared_views,
    }
    return msgspec.convert({**for_all, **said}, DeskProfile)


def collect_settings(given: argparse.Namespace, settings: Settings) -> Access:
    """Gather what is known of the server that the command line names, whether it is enough or not."""
    flags = {
        setting.name: str(value)
        for setting in SETTINGS
        if setting.flag and (value := getattr(given, setting.name, None))
    }
    return resolve_access(
        _profile(given.profile, settings),
        flags=flags,
        environment=os.environ,
        secrets_file=given.secrets_file,
    )


def _profile(name: str | None, settings: Settings) -> Profile:
    if not name:
        return Profile("")
    if name in settings.profiles:
        return settings.profiles[name]
    if name == ENV:
        return Profile(ENV)
    known = ", ".join(sorted({*settings.profiles, ENV}))
    raise SettingsError(f"There is no profile '{name}' in {paths.config_file()}; there are: {known}.")


# --- what is wrong with it -------------------------------------------------------------------------


def validate(access: Access) -> None:
    """Refuse what cannot work, or would send a secret where others can read it.

    Raises:
        SettingsError: something is missing or wrong.
        SecretError: a token cannot be used.
    """
    if "url" not in access.found:
        raise SettingsError(f"{_called(access)} needs {_ways(access, 'url')}.")
    for name in _ADDRESSES:
        if name in access.found:
            _check_address(access, name)
    # A server that asks for no token may be reached by its bare address; a profile always signs on.
    if not access.has_token and access.missing and (access.profile or not access.anonymous):
        raise SettingsError(_not_signed_on(access))
    ca_file = access.path("ca_file")
    if ca_file and not ca_file.is_file():
        raise SettingsError(f"{access.origin('ca_file')}: there is no file {ca_file}.")
    if token_file := access.path("token_file"):
        read_token(token_file)
    if token := access.secret("access_token"):
        check_token(token, access.origin("access_token"))
    for name in ("app_name", "correlation_id"):
        if not access.text(name).isascii() or not (access.text(name) or " ").isprintable():
            raise SettingsError(f"{access.origin(name)} goes into a header: use plain letters.")
    for name in _BOUNDS_S:
        access.number(name, LONGEST_MS)
    access.number("rate_limit_retries", MOST_RETRIES)


def _not_signed_on(access: Access) -> str:
    """Return a sentence with what is missing to sign on, and the shortest way first."""
    *others, last = (_ways(access, name) for name in access.missing)
    things = f"{', '.join(others)} and {last}" if others else last
    if access.profile in ("", ENV):
        instead = "FBN_ACCESS_TOKEN" if access.profile == ENV else "a token file"
        return f"{_called(access)} needs {things}, or {instead}."
    instead = "A token file or a secrets file does" if access.anonymous else f"A token file, or {things}, do"
    login = f"blotter login --profile {access.profile} asks for one"
    return f"{_called(access)} needs a token: {login}. {instead} as well."


def _check_address(access: Access, name: str) -> None:
    if why := _why_no_address(name, access.text(name)):
        raise SettingsError(f"{access.origin(name)}: {why}.")


def _why_no_address(name: str, text: str) -> str | None:
    """Return why nothing is sent to the address that the setting ``name`` holds, None when it may be."""
    if "@" in text:
        return "an address carries no user and no password; they are settings of their own"
    if why := urls.why_invalid(text):
        return f"{clean(text)[:200]!r} is not an address: {why}"
    return None if name == "proxy" else urls.why_exposed(text)


def address_mistakes(profiles: Iterable[Profile]) -> Iterator[Mistake]:
    """Yield the addresses of profiles that nothing could be sent to."""
    for profile in profiles:
        for name in _ADDRESSES:
            text = profile.entries.get(name, "")
            if text and (why := _why_no_address(name, text)):
                yield Mistake(("profiles", profile.name, name), why)


def _called(access: Access) -> str:
    return f"--profile {access.profile}" if access.profile else "--url"


def _ways(access: Access, name: str) -> str:
    """Return a sentence with the places where a missing setting can be put."""
    setting = next(each for each in SETTINGS if each.name == name)
    if access.profile == ENV:
        return setting.variables[0]
    return f"{setting.keys[0]} of a secrets file"


# --- what it comes to ------------------------------------------------------------------------------


def describe(access: Access) -> str:
    """Return everything that was found and where, a line each; secrets as ``***``."""
    width = max(len(setting.name) for setting in SETTINGS)
    lines = [f"{'kind':{width}}  {stakes(access).value}"]
    for setting in SETTINGS:
        if setting.name in access.found:
            found = access.found[setting.name]
            value = clean(str(found.value))
            if setting.name in _ADDRESSES and "@" in value:
                value = f"***@{value.rpartition('@')[2]}"
            lines.append(f"{setting.name:{width}}  {value}  ({found.origin})")
    return "\n".join(lines)


def stakes(access: Access) -> EnvironmentKind:
    """Return what is at stake: when nobody said, real money anywhere but on this machine."""
    if access.kind:
        return EnvironmentKind(access.kind)
    parts = urls.parse(access.text("url"))
    return EnvironmentKind.TEST if parts and urls.is_loopback(parts.hostname or "") else EnvironmentKind.PROD


def _again(access: Access) -> str:
    """Return the advice to sign on again once the server does not take the token any more."""
    if "token_file" in access.found:
        return f"Put a new token into {access.text('token_file')}, then press {{refresh}}."
    if access.is_kept:
        return _login_again(access)
    if "access_token" in access.found:
        return f"Put a new token into {access.origin('access_token')}, then start again."
    return "Press {refresh} to sign on again." if access.signs_on else "Start again with --token-file."


def _login_again(access: Access) -> str:
    return f"Run blotter login --profile {access.profile} in another terminal, then press {{refresh}}."


def open_client(access: Access) -> tuple[Client, Callable[[], Awaitable[None]]]:
    """Return a client of the server that ``access`` is about, and what closes it.

    Raises:
        NotSent: the proxy or the file of authorities cannot be used.
    """
    from tui.api.client import Client

    http, let_go = _reach(access)
    client = Client(http, generation_of(access))

    async def close() -> None:
        await client.close()
        await let_go()

    return client, close


def generation_of(access: Access) -> Generation:
    """Return the generation of the API that the server speaks, as far as was said."""
    return cast("Generation", access.text("generation") or "latest")


def _reach(access: Access) -> tuple[Http, Callable[[], Awaitable[None]]]:
    from tui.api.http import Http

    source, let_go = _source(access)
    retries = access.number("rate_limit_retries", MOST_RETRIES)
    http = Http(
        access.text("url"),
        token=source,
        proxy=_proxy(access),
        ca_file=access.path("ca_file"),
        timeouts=timeouts(access),
        application=access.text("app_name") or APPLICATION,
        correlation_id=access.text("correlation_id") or None,
        rate_limit_retries=RATE_LIMIT_RETRIES if retries is None else retries,
    )
    return http, let_go


def timeouts(access: Access) -> Timeouts:
    """Return the timeouts that were set, within bounds; the SDK's 0, for ever, counts as not set."""
    from tui.api.connection_settings import Timeouts

    def seconds(name: str, ours: float) -> float:
        return min((access.number(name, LONGEST_MS) or 0) / 1000, _BOUNDS_S[name]) or ours

    ours = Timeouts()
    return Timeouts(
        connect=seconds("connect_timeout_ms", ours.connect),
        read=seconds("read_timeout_ms", ours.read),
        lists=seconds("read_timeout_ms", ours.lists),
        call=seconds("total_timeout_ms", ours.call),
    )


def _source(access: Access) -> tuple[TokenSource | None, Callable[[], Awaitable[None]]]:
    """Return where tokens come from, and what ends it."""
    from tui.api.auth import Credentials, FixedToken, PasswordGrant, TokenFile
    from tui.api.http import post_form

    if token_file := access.path("token_file"):
        return TokenFile(partial(read_token, token_file)), _nothing
    if access.is_kept:
        read = partial(read_kept, access.profile, access.text("url"))
        return TokenFile(read, advice=_login_again(access)), _nothing
    if token := access.secret("access_token"):
        return FixedToken(token), _nothing
    password, client_secret = access.secret("password"), access.secret("client_secret")
    if not access.signs_on or password is None or client_secret is None:
        return None, _nothing
    grant = PasswordGrant(
        Credentials(
            token_url(access.text("token_url")),
            access.text("username"),
            password,
            access.text("client_id"),
            client_secret,
        ),
        partial(post_form, proxy=_proxy(access), ca_file=access.path("ca_file"), timeouts=timeouts(access)),
    )
    return grant, grant.close


async def _nothing() -> None:
    """There is nothing to let go of."""


def token_url(text: str) -> str:
    """Return the token endpoint of an address, which may be that of an Okta issuer (contract section 6)."""
    if re.match(_OKTA_ISSUER, text) and not re.search(_TOKEN_PATH, text):
        return text.rstrip("/") + "/v1/token"
    return text


def _proxy(access: Access) -> Proxy | None:
    from tui.api.http import Proxy

    text = access.text("proxy")
    if not text:
        return None
    return Proxy(text, access.text("proxy_username") or None, access.secret("proxy_password"))
