"""``config.toml``: what may stand in it, and how it is read and checked.

Loading this loads pydantic. The defaults are those of :class:`tui.config.settings.Settings`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_origin
from zoneinfo import ZoneInfo

from pydantic import Field, PlainValidator, WithJsonSchema

from tui.config.desk_entries import MAX_REFRESH_S, DeskEntries, half_said_run, said_of_the_desk, without_null
from tui.config.exception_entries import ExceptionName, Minutes
from tui.config.exception_settings import FirstScreen
from tui.config.limit_settings import (
    BASE,
    DEFAULT_TABLE,
    SUBJECTS,
    LimitTable,
    LimitValues,
    crossed_limits,
)
from tui.config.settings import ENV, JournalSettings, Kind, LogLevel, Profile, Settings, Vocabulary
from tui.config.tape_entries import TapeEntries, said_of_the_tape
from tui.input_files.mistakes import Document, Mistake
from tui.input_files.read_file import read_toml
from tui.input_files.strict_model import Code, Filled, Words, Written, check, kind_at
from tui.input_files.toml_lines import Value

DEFAULTS: Final = Settings()
EXAMPLE_URL: Final = "https://example.lusid.com/api"


NONE: Final = "none"
"""Written for a limit, it takes the limit away."""
_LIMITS: Final = DEFAULT_TABLE.values


def _limit(value: object) -> Decimal | None:
    if value == NONE:
        return None
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        number = Decimal(value)
        if number.is_finite() and number >= 0:
            return number
    raise ValueError


def _rate(value: object) -> Decimal:
    number = _limit(value)
    if not number:
        raise ValueError
    return number


LimitNumber = Annotated[
    Decimal | None,
    PlainValidator(_limit),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0}, {"const": NONE}]}),
    Words('a number of at least 0, or "none"'),
]
"""A limit; ``none`` says that there is none."""
Rate = Annotated[
    Decimal,
    PlainValidator(_rate),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0}),
    Words("a number above 0"),
]
Currency = Annotated[str, Field(pattern=r"^[A-Za-z]{3}$"), Words("a currency such as USD")]


def _zone(value: object) -> str:
    """Return the name of a time zone, empty for that of this machine."""
    if not isinstance(value, str):
        raise ValueError
    try:
        return ZoneInfo(value).key if value else ""
    except (OSError, LookupError) as error:  # a folder of the database is no zone either
        raise ValueError from error


ProposalMinutes = Annotated[int, Field(ge=1, le=10_080), Words("a whole number of minutes from 1 to 10080")]
TimeZone = Annotated[
    str,
    PlainValidator(_zone),
    WithJsonSchema({"type": "string"}),
    Words("a time zone such as Europe/London"),
]

States = Literal["given", "none"]
GIVEN: Final[States] = "given"


class ClassLimits(Written):
    """The limits of one ``[limits.asset_class.NAME]``; above a soft one the item count has to be typed."""

    notional_soft: LimitNumber = Field(
        _LIMITS["notional_soft"], description="Money of one item above which the count is typed, in `base`."
    )
    notional_hard: LimitNumber = Field(
        _LIMITS["notional_hard"], description="Money of one item above which it is refused, in `base`."
    )
    volume_soft: LimitNumber = Field(
        _LIMITS["volume_soft"],
        description="Share of the average daily volume above which the count is typed.",
    )
    volume_hard: LimitNumber = Field(
        _LIMITS["volume_hard"],
        description="Share of the average daily volume above which an item is refused.",
    )
    price_soft: LimitNumber = Field(
        _LIMITS["price_soft"],
        description="Share of the last price that a limit or fill may be off before the count is typed.",
    )
    price_hard: LimitNumber = Field(
        _LIMITS["price_hard"],
        description="Distance above which a limit is refused, and the count typed for a stop.",
    )
    size_soft: LimitNumber = Field(
        _LIMITS["size_soft"],
        description="Times the typical order of the portfolio above which the count is typed.",
    )
    size_hard: LimitNumber = Field(
        _LIMITS["size_hard"], description="Times the typical order above which an item is refused."
    )


class LimitEntries(ClassLimits):
    """``[limits]``, and the ``limits`` of a profile."""

    items_soft: LimitNumber = Field(
        _LIMITS["items_soft"], description="Items of one decision above which the count is typed."
    )
    items_hard: LimitNumber = Field(
        _LIMITS["items_hard"], description="Items of one decision above which it is refused."
    )
    basket_soft: LimitNumber = Field(
        _LIMITS["basket_soft"], description="Orders of one basket above which the count is typed."
    )
    basket_hard: LimitNumber = Field(
        _LIMITS["basket_hard"], description="Orders of one basket above which it is refused."
    )
    prod_items: LimitNumber = Field(
        _LIMITS["prod_items"], description="Items above which the count is typed on a PROD environment."
    )
    prod_notional: LimitNumber = Field(
        _LIMITS["prod_notional"],
        description="Money of all items above which the count is typed on a PROD environment, in `base`.",
    )
    compliance: States = Field(
        GIVEN,
        description="Whether the server gives states of compliance: given, or none. With none, placing asks "
        "for no count while a state is not known; a state that is given counts all the same.",
    )
    approval: States = Field(GIVEN, description="The same for states of approval.")
    base: Currency = Field(BASE, description="Currency that money is compared in.")
    rates: dict[Currency, Rate] = Field(
        default_factory=dict,
        description="What one unit of a currency is worth in `base`, over the rough rates built in. Rates "
        "compare money with limits and rank it; nothing is booked with them.",
        examples=[{"GBP": Decimal("1.25")}],
    )
    asset_class: dict[Filled, ClassLimits] = Field(
        default_factory=dict,
        description="Limits of one asset class, over those for all: notional, volume, price and size.",
        examples=[{"bond": {"price_soft": Decimal("0.01"), "price_hard": Decimal("0.05")}}],
    )


def _tables(origin: str, entries: LimitEntries | None) -> tuple[LimitTable, ...]:
    """Return the limits said in one place, if any are."""
    if entries is None:
        return ()
    classes = {name.strip().casefold(): _said(each) for name, each in entries.asset_class.items()}
    rates = {currency.upper(): rate for currency, rate in entries.rates.items()}
    base = entries.base.upper() if "base" in entries.model_fields_set else ""
    states: dict[str, bool] = {
        name: getattr(entries, name) == GIVEN for name in SUBJECTS if name in entries.model_fields_set
    }
    return (LimitTable(origin, _said(entries), classes, base, rates, states),)


def _said(entries: ClassLimits) -> LimitValues:
    return {name: getattr(entries, name) for name in _LIMITS if name in entries.model_fields_set}


class AccessEntries(Written):
    """How the server of a profile is reached."""

    url: str = Field("", description="Address of the API.", examples=[EXAMPLE_URL])
    kind: Kind | None = Field(
        None,
        description="What is at stake, TEST or PROD: how the status bar looks and how careful "
        "confirmations are. TEST on this machine and PROD anywhere else if not said.",
        examples=["TEST"],
        json_schema_extra=without_null,
    )
    token_file: str = Field(
        "",
        description="File that holds the access token, yours alone: chmod 600.",
        examples=["~/.config/blotter/uat.token"],
    )
    secrets_file: str = Field(
        "",
        description="File that holds user, password and client as the SDK's secrets.json does, yours alone.",
        examples=["~/.config/blotter/uat.json"],
    )
    proxy: str = Field(
        "", description="Proxy that other machines are reached through.", examples=["http://proxy:8080"]
    )
    ca_file: str = Field(
        "", description="Authorities to trust beside the public ones, as PEM.", examples=["~/ca.pem"]
    )
    generation: Literal["latest", "2.1", "1.0"] = Field(
        "latest", description="Shapes of the API that the server speaks: latest, 2.1 or 1.0."
    )


class ProfileEntry(DeskEntries, AccessEntries):
    """One ``[profiles.NAME]``: how its server is reached, then what it says of the desk; tables last."""

    limits: LimitEntries | None = Field(
        None,
        json_schema_extra=without_null,
        description="Limits of this environment, over those of `[limits]`.",
        examples=[{"prod_items": 3}],
    )


class JournalTable(Written):
    """``[journal]``."""

    keep_days: int = Field(
        DEFAULTS.journal.keep_days,
        ge=1,
        le=36_500,
        description="Days that the journal is kept, compressed. What is open is kept as long as it is open.",
    )


class SettingsFile(Written):
    """The whole file."""

    theme: str = Field(
        DEFAULTS.theme,
        description="Name of the colour theme; auto takes blotter or light, as the terminal's background is",
    )
    transparent: bool = Field(
        DEFAULTS.transparent,
        description="Keep the terminal's own background instead of painting that of the theme.",
    )
    zone: TimeZone = Field(
        DEFAULTS.zone,
        description="Time zone that times are shown and typed in, as the IANA database calls it; this "
        "machine's if not said.",
        examples=["Europe/London"],
    )
    ascii: bool = Field(DEFAULTS.ascii, description="Draw with ASCII characters only.")
    plain_output: bool = Field(
        DEFAULTS.plain_output, description="Send the terminal all that is drawn, not only what differs."
    )
    refresh_seconds: int = Field(
        DEFAULTS.refresh_seconds,
        ge=1,
        le=MAX_REFRESH_S,
        description="How often the desk asks the server what changed, in seconds.",
    )
    home: Code = Field(DEFAULTS.home, description="Scope of the ids that this desk makes.")
    shared_views: str = Field(
        DEFAULTS.shared_views, description="File of views that desks share; nobody writes it from here."
    )
    restore: bool = Field(
        DEFAULTS.restore,
        description="Show each desk as it was left; with false nothing of that is kept.",
    )
    log_level: LogLevel = Field(
        DEFAULTS.log_level,
        description="How much the log says: debug, info or warning. No secret is logged at any of them.",
    )
    first_screen: FirstScreen = Field(
        DEFAULTS.first_screen,
        description="What a start shows: desk, or exceptions, the list of what needs you.",
    )
    proposal_minutes: ProposalMinutes = Field(
        DEFAULTS.proposal_minutes,
        description="Minutes for which a proposal of a program stands if it says nothing else.",
    )
    longest_proposal_minutes: ProposalMinutes = Field(
        DEFAULTS.longest_proposal_minutes,
        description="The most minutes for which a proposal of a program may stand.",
    )
    keys: dict[str, Filled] = Field(
        default_factory=dict,
        description="Keys of actions by the name of the action, over the usual ones.",
        examples=[{"history": "H"}],
    )
    limits: LimitEntries | None = Field(
        None,
        json_schema_extra=without_null,
        description="What one decision may hold. Above a soft limit the item count has to be typed, "
        'above a hard one it is refused; a limit is a number, or "none".',
    )
    tape: TapeEntries | None = Field(
        None,
        json_schema_extra=without_null,
        description="What the line of news shows, and what rings while nobody looks at the terminal.",
    )
    exceptions: dict[ExceptionName, Minutes] = Field(
        default_factory=dict,
        description="Minutes after which a row is an exception, by the kind of exception: 0 is at once, "
        '"off" never.',
    )
    journal: JournalTable | None = Field(
        None,
        json_schema_extra=without_null,
        description="The journal of what was decided and sent here.",
    )
    profiles: dict[str, ProfileEntry] = Field(
        default_factory=dict,
        description="LUSID environments by name; blotter --profile NAME reaches one.",
        examples=[{"uat": {}}],
    )


def read_settings(path: Path, vocabulary: Vocabulary | None = None) -> Settings:
    """Read and check the settings file.

    Raises:
        CheckError: it cannot be read, is not TOML, or something in it is not right; says all of it.
    """
    return check_settings(read_toml(path), vocabulary)


def check_settings(document: Document, vocabulary: Vocabulary | None = None) -> Settings:
    """Return the settings of a document; without a ``vocabulary`` any theme and action may be named.

    Raises:
        CheckError: something in it is not right; says all of it.
    """
    more = [*_without_address(document.found), *(vocabulary.mistakes(document.found) if vocabulary else ())]
    file = check(SettingsFile, document, more)
    limits = _tables("config.toml [limits]", file.limits)
    profiles = {name: _profile(name, entry, limits) for name, entry in file.profiles.items()}
    document.refuse([*_crossed(limits, profiles.values()), *_half_said(file.profiles)])
    return Settings(
        theme=file.theme,
        transparent=file.transparent,
        zone=file.zone,
        ascii=file.ascii,
        plain_output=file.plain_output,
        refresh_seconds=file.refresh_seconds,
        home=file.home,
        shared_views=file.shared_views,
        restore=file.restore,
        log_level=file.log_level,
        keys=file.keys,
        profiles=profiles,
        limits=limits,
        tape=said_of_the_tape(file.tape),
        exceptions=file.exceptions,
        first_screen=file.first_screen,
        journal=JournalSettings(file.journal.keep_days) if file.journal else DEFAULTS.journal,
        proposal_minutes=file.proposal_minutes,
        longest_proposal_minutes=file.longest_proposal_minutes,
    )


def _without_address(found: Mapping[str, Any]) -> Iterator[Mistake]:
    profiles = found.get("profiles")
    for name, entry in profiles.items() if isinstance(profiles, dict) else ():
        if name != ENV and isinstance(entry, dict) and entry.get("url", "") == "":
            words = f"is missing; it must be an address such as {EXAMPLE_URL}"
            yield Mistake(("profiles", name, "url"), words)


def _half_said(profiles: Mapping[str, ProfileEntry]) -> Iterator[Mistake]:
    for name, entry in profiles.items():
        for missing, words in half_said_run(entry.compliance):
            yield Mistake(("profiles", name, "compliance", missing), words)


def _crossed(limits: tuple[LimitTable, ...], profiles: Iterable[Profile]) -> Iterator[Mistake]:
    yield from crossed_limits(limits, ("limits",))
    for profile in profiles:
        yield from crossed_limits(profile.limits, ("profiles", profile.name, "limits"))


def _profile(name: str, entry: ProfileEntry, limits: tuple[LimitTable, ...]) -> Profile:
    texts = sorted(entry.model_fields_set & AccessEntries.model_fields.keys() - {"kind", "secrets_file"})
    return Profile(
        name,
        entry.kind,
        secrets_file=Path(entry.secrets_file).expanduser() if entry.secrets_file else None,
        entries={each: getattr(entry, each) for each in texts},
        limits=(*_tables(f"profile {name}", entry.limits), *limits),
        desk=said_of_the_desk(entry),
        read_only=entry.read_only,
    )


def value_of(place: Sequence[str], words: str) -> Value:
    """Return what ``words`` mean as the value of a setting: a text where texts stand, else what TOML says."""
    kind = kind_at(SettingsFile, tuple(place))[0]
    if kind not in (str, timedelta) and get_origin(kind) is not Literal:
        try:
            value = tomllib.loads(f"value = {words}")["value"]
        except (ValueError, KeyError, RecursionError):
            return words
        if isinstance(value, bool | int | float) or (get_origin(kind) is list and isinstance(value, list)):
            return value
    return words
