"""The server, the user and the proxy: collected from the command line, the environment and files.

Every setting is declared once, with the flag, the variables, the entry of a profile and the keys of a
secrets file that may give it. For each, the first of these that says something is taken: command line,
environment (``--profile env`` only), profile in ``config.toml``, secrets file, and last the token that
``blotter login`` keeps. Nothing is sent from here, and whether an address may be sent to is not decided here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from tui.config.addresses import api_address
from tui.config.settings import ENV, Kind, Profile, SettingsError
from tui.secret import Secret

if TYPE_CHECKING:
    from tui.config.secrets_file import SecretsSaid

PROFILE_VARIABLE: Final = "FBN_PROFILE"
"""The variable that chooses a profile of the newest SDK's file of secrets. Only ``env`` looks at it."""
BY_LOGIN: Final = "kept by blotter login"
"""Where a token was said that nobody set: it is used when nothing else says how to sign on."""
SECRETS_FILE: Final = Path("secrets.json")
"""The SDK's file of secrets, in the working directory. Only the profile ``env`` reads it too."""
LONGEST_MS: Final = 24 * 3600 * 1000
MOST_RETRIES: Final = 10


class Setting(Struct, frozen=True):
    """One thing to know of a server, and everywhere it may be said."""

    name: str
    flag: str = ""
    variables: tuple[str, ...] = ()
    entry: str = ""
    keys: tuple[str, ...] = ()
    sent_to: tuple[str, ...] = ()
    """The settings that name where a secret is sent; a setting that is no secret has none."""


SETTINGS: Final = (
    Setting(
        "url",
        "--url",
        ("FBN_BASE_URL", "FBN_LUSID_URL", "FBN_LUSID_API_URL"),
        "url",
        ("api.lusidUrl", "api.apiUrl"),
    ),
    Setting("token_file", "--token-file", ("FBN_ACCESS_TOKEN_FILE",), "token_file"),
    Setting("access_token", variables=("FBN_ACCESS_TOKEN",), keys=("api.accessToken",), sent_to=("url",)),
    Setting("token_url", variables=("FBN_TOKEN_URL",), keys=("api.tokenUrl",)),
    Setting("username", variables=("FBN_USERNAME",), keys=("api.username",)),
    Setting("password", variables=("FBN_PASSWORD",), keys=("api.password",), sent_to=("token_url", "url")),
    Setting("client_id", variables=("FBN_CLIENT_ID",), keys=("api.clientId",)),
    Setting(
        "client_secret",
        variables=("FBN_CLIENT_SECRET",),
        keys=("api.clientSecret",),
        sent_to=("token_url", "url"),
    ),
    Setting("app_name", variables=("FBN_APP_NAME",), keys=("api.applicationName",)),
    Setting("correlation_id", variables=("FBN_CORRELATION_ID",)),
    Setting("ca_file", "--ca-file", ("FBN_CLIENT_CERTIFICATE",), "ca_file", ("api.clientCertificate",)),
    Setting("proxy", "--proxy", ("FBN_PROXY_ADDRESS",), "proxy", ("proxy.address",)),
    Setting("proxy_username", variables=("FBN_PROXY_USERNAME",), keys=("proxy.username",)),
    Setting(
        "proxy_password", variables=("FBN_PROXY_PASSWORD",), keys=("proxy.password",), sent_to=("proxy",)
    ),
    Setting("total_timeout_ms", variables=("FBN_TOTAL_TIMEOUT_MS",), keys=("api.totalTimeoutMs",)),
    Setting("connect_timeout_ms", variables=("FBN_CONNECT_TIMEOUT_MS",), keys=("api.connectTimeoutMs",)),
    Setting("read_timeout_ms", variables=("FBN_READ_TIMEOUT_MS",), keys=("api.readTimeoutMs",)),
    Setting("rate_limit_retries", variables=("FBN_RATE_LIMIT_RETRIES",), keys=("api.rateLimitRetries",)),
    Setting("generation", entry="generation"),
)

_GRANT: Final = ("token_url", "username", "password", "client_id", "client_secret")


class Found(Struct, frozen=True):
    """The value of a setting, and where it was said."""

    value: str | Secret
    origin: str


class Access(Struct, frozen=True):
    """The settings found for one profile; one that nobody set is absent."""

    profile: str
    kind: Kind | None
    found: Mapping[str, Found]

    def text(self, name: str) -> str:
        """Return a setting that is no secret, empty when nobody said it."""
        found = self.found.get(name)
        return found.value if found and isinstance(found.value, str) else ""

    def secret(self, name: str) -> Secret | None:
        """Return a secret, None when nobody said it."""
        found = self.found.get(name)
        return found.value if found and isinstance(found.value, Secret) else None

    def path(self, name: str) -> Path | None:
        """Return the file a setting names."""
        text = self.text(name)
        return Path(text).expanduser() if text else None

    def number(self, name: str, most: int) -> int | None:
        """Return a whole number from 0 to ``most``; raises SettingsError when it is anything else."""
        text = self.text(name)
        if not text:
            return None
        if not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text) <= most):
            origin = self.found[name].origin
            raise SettingsError(f"{origin} is {text[:20]!r}; it is a whole number from 0 to {most}.")
        return int(text)

    def origin(self, name: str) -> str:
        """Return where a setting was said, empty when nowhere."""
        found = self.found.get(name)
        return found.origin if found else ""

    @property
    def has_token(self) -> bool:
        """Return whether there is a token to be used as it is, so that none is asked for."""
        return "token_file" in self.found or "access_token" in self.found

    @property
    def is_kept(self) -> bool:
        """Return whether the token is the one that ``blotter login`` keeps."""
        return self.origin("access_token").startswith(BY_LOGIN)

    @property
    def missing(self) -> tuple[str, ...]:
        """The settings that are missing to sign on with a password."""
        return tuple(name for name in _GRANT if name not in self.found)

    @property
    def signs_on(self) -> bool:
        """Return whether a token is asked for with a user's name and password."""
        return not self.has_token and not self.missing

    @property
    def anonymous(self) -> bool:
        """Return whether nothing at all was said about signing on."""
        return not self.has_token and len(self.missing) == len(_GRANT)


class _Source(Struct, frozen=True):
    """One place that settings are said in: values by setting, and what each is called there."""

    values: Mapping[str, str | Secret]
    names: Mapping[str, str]


def resolve_access(
    profile: Profile,
    *,
    flags: Mapping[str, str],
    environment: Mapping[str, str],
    secrets_file: Path | None = None,
    kept: bool = True,
) -> Access:
    """Return the settings of the server of ``profile``, each from its first source.

    Args:
        profile: the profile of that name in the configuration, an empty one when there is none.
        flags: what the command line says, by setting.
        environment: the variables; only the profile ``env`` looks at them.
        secrets_file: the file ``--secrets-file`` names.
        kept: whether to look for the token that ``blotter login`` keeps.

    Raises:
        SettingsError: two places disagree in a way that would send a secret to the wrong server.
        CheckError: the secrets file cannot be used.
    """
    chosen = environment.get(PROFILE_VARIABLE, "").strip() if profile.name == ENV else ""
    sections = (chosen,) if chosen else ("default",) if profile.name == ENV else (profile.name, "default")
    file = _secrets(secrets_file or profile.secrets_file, sections, look=profile.name == ENV)
    sources = [
        _named(flags, {each.name: each.flag for each in SETTINGS}),
        _variables(environment if profile.name == ENV else {}),
        _named(profile.entries, {s.name: f"profile {profile.name}: {s.entry}" for s in SETTINGS}),
        file,
    ]
    found: dict[str, Found] = {}
    rank: dict[str, int] = {}
    for setting in SETTINGS:
        for place, source in enumerate(sources):
            value = source.values.get(setting.name, "")
            if value:
                held = Secret(value) if setting.sent_to and isinstance(value, str) else value
                found[setting.name] = Found(_complete(setting.name, held), source.names[setting.name])
                rank[setting.name] = place
                break
    if "token_file" in found and "access_token" in found:
        del found["access_token" if rank["token_file"] <= rank["access_token"] else "token_file"]
    _keep_together(found, file)
    access = Access(profile.name, profile.kind, found)
    named = profile.name and profile.name != ENV
    if kept and named and access.missing and not access.has_token and "url" in found:
        found |= _kept(profile.name, access.text("url"))
    return access


def _kept(profile: str, url: str) -> dict[str, Found]:
    """Return the token that ``blotter login`` keeps for a profile, for when nothing else was said.

    Raises:
        SettingsError: it is for another address.
        SecretError: it cannot be read.
    """
    from tui.config.kept_tokens import find_token

    kept = find_token(profile)
    if kept is None:
        return {}
    if kept.url != url:
        raise SettingsError(
            f"The token that is kept for profile {profile} is for {kept.url} and is not sent to {url}. "
            f"Keep another: blotter login --profile {profile}"
        )
    return {"access_token": Found(kept.token, f"{BY_LOGIN}, {kept.place}")}


def _complete(setting: str, value: str | Secret) -> str | Secret:
    """Return a value as it is used: the address of a server may be its host, or a page of its web app."""
    return api_address(value) if setting == "url" and isinstance(value, str) else value


def _keep_together(found: Mapping[str, Found], file: _Source) -> None:
    """Refuse to send a secret of a file to another server than the one the file names."""
    for setting in SETTINGS:
        secret = found.get(setting.name)
        if secret is None or secret.origin != file.names.get(setting.name):
            continue
        for name in setting.sent_to:
            own, used = file.values.get(name), found.get(name)
            if not (used and isinstance(used.value, str) and isinstance(own, str)):
                continue
            if own and used.value.rstrip("/") != str(_complete(name, own)).rstrip("/"):
                raise SettingsError(
                    f"{used.origin} is not the address that {file.names[name]} is, and the secrets of that "
                    "file are not sent to another server than its own. Take one of the two away."
                )


def _named(values: Mapping[str, str | Secret], names: Mapping[str, str]) -> _Source:
    return _Source(values, names)


def _variables(environment: Mapping[str, str]) -> _Source:
    values, names = {}, {}
    for setting in SETTINGS:
        for variable in setting.variables:
            if environment.get(variable, "").strip():
                values[setting.name], names[setting.name] = environment[variable].strip(), variable
                break
    return _Source(values, names)


def _secrets(path: Path | None, sections: Sequence[str], *, look: bool) -> _Source:
    """Read a secrets file of the SDK; without a name the one where we are, if it is looked for and there."""
    if path is None:
        if not look or not SECRETS_FILE.exists():
            return _Source({}, {})
        path = SECRETS_FILE
    said = check_secrets_file(path, sections)
    values, names = {}, {}
    for setting in SETTINGS:
        for key in setting.keys:
            if key in said.values:
                values[setting.name], names[setting.name] = said.values[key], f"{path}: {said.names[key]}"
                break
    return _Source(values, names)


def check_secrets_file(path: Path, sections: Sequence[str] = ()) -> SecretsSaid:
    """Return what a secrets file of the SDK says; ``sections`` are the profiles in it to look for.

    Raises:
        CheckError: it cannot be used; says all that is wrong with it.
    """
    from tui.config.secrets_file import read_secrets

    keys = {key: bool(setting.sent_to) for setting in SETTINGS for key in setting.keys}
    return read_secrets(path, keys, sections)
