"""What a profile says of its desk: which part of a tenant it is about, compliance, prices, brokers, looks.

Loading this loads pydantic. Names and defaults are those of :class:`tui.service.desk_profile.DeskProfile`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any, Final, Literal

import msgspec
from pydantic import Field, PlainValidator, WithJsonSchema

from tui.input_files.strict_model import Code, Filled, Words, Written

MAX_DAYS: Final = 3650
"""The longest window, in days: ten years of blocks that nobody sweeps."""
MAX_REFRESH_S: Final = 3600
"""The longest time between two refreshes, in seconds: rows an hour old are no desk any more."""
RUN_ENTRIES: Final = ("run_scope", "rule_scope", "recipe")
"""What a compliance run needs, all of it."""


def without_null(schema: dict[str, Any]) -> None:
    """Take the null out of a schema: TOML has none."""
    schema.update(schema.pop("anyOf")[0])
    del schema["default"]


def _duration(value: object) -> timedelta:
    try:
        duration = msgspec.convert(value, timedelta) if isinstance(value, str) else timedelta()
    except msgspec.ValidationError as error:
        raise ValueError from error
    if duration <= timedelta():
        raise ValueError
    return duration


Duration = Annotated[
    timedelta,
    PlainValidator(_duration),
    WithJsonSchema({"type": "string", "pattern": "^P"}),
    Words("a time as ISO 8601 writes it, such as P1D or PT15M"),
]
IdText = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9_-]{1,64}/[A-Za-z0-9_-]{1,64}$"),
    Words("a scope and a code, such as Desk/GROWTH"),
]
Codes = Annotated[list[Code], Words('a list such as ["Desk"]')]
IdTexts = Annotated[list[IdText], Words('a list such as ["Desk/GROWTH"]')]
Names = Annotated[list[Filled], Words('a list such as ["ALBN"]')]


class ComplianceEntry(Written):
    """``[profiles.NAME.compliance]``."""

    engine: Literal["v2", "legacy", "off"] = Field(
        "v2", description="Engine that states of compliance are from: v2, legacy, or off for no states."
    )
    run_scope: Code = Field(
        "",
        description="Scope of the runs you start. A run needs this, rules and a recipe.",
        examples=["Desk"],
    )
    rule_scope: Code = Field("", description="Scope of the rules of a run.", examples=["Rules"])
    recipe: IdText = Field(
        "", description="Recipe a run values portfolios by, scope and code.", examples=["Desk/default"]
    )
    pre_trade: bool = Field(True, description="Run the rules that apply before a trade.")


class QuoteEntry(Written):
    """``[profiles.NAME.quotes]``."""

    scope: Code = Field(description="Scope of the quotes.", examples=["Desk"])
    provider: Filled = Field("Lusid", description="Who provides them.")
    field: Filled = Field("mid", description="Which price of theirs: mid, bid, ask, close.")
    id_type: Filled = Field(
        "LusidInstrumentId", description="Type of the identifiers they are kept under; Ticker is none."
    )
    quote_type: Filled = Field("Price", description="What is quoted.")
    price_source: str = Field("", description="Source of the prices, where the series names one.")
    max_age: Duration = Field(
        timedelta(days=1),
        description="Age above which no limit is checked against a quote.",
        examples=["P1D"],
    )


class DeskEntries(Written):
    """What a profile says of the desk; the tables stand last, as TOML wants them."""

    colour: Filled = Field(
        "",
        description="Colour of the band that names this environment: a name or #RRGGBB. That of its kind "
        "if not said; the theme mono has none.",
        examples=["teal"],
    )
    read_only: bool = Field(False, description="Look, never write.")
    refresh_seconds: int | None = Field(
        None,
        ge=1,
        le=MAX_REFRESH_S,
        json_schema_extra=without_null,
        description="How often this server is asked what changed, over what is said for all.",
        examples=[5],
    )
    home: Code = Field(
        "", description="Scope of the ids that are made here, over what is said for all.", examples=["Desk"]
    )
    scopes: Codes = Field(
        [], description="Scopes of the blocks this desk is about; all if not said.", examples=[["Desk"]]
    )
    portfolios: IdTexts = Field(
        [],
        description="Portfolios of the orders it is about; all if not said.",
        examples=[["Desk/GROWTH", "Desk/INCOME"]],
    )
    filter: str = Field(
        "",
        description="What else its blocks must pass, in the filter language of the API.",
        examples=["side eq 'Buy'"],
    )
    days: int = Field(
        30,
        ge=1,
        le=MAX_DAYS,
        description="Where blocks are never swept: days without activity after which one is not of the desk.",
    )
    brokers: Names = Field(
        [], description="Brokers offered, beside those in rows.", examples=[["ALBN", "KEYS"]]
    )
    broker_list: IdText = Field(
        "", description="Reference list of brokers on the server.", examples=["Desk/BROKERS"]
    )
    shared_views: str = Field(
        "",
        description="File of views that this desk shares; nobody writes it from here.",
        examples=["/srv/desk/views.toml"],
    )
    side_sources: Names = Field(
        [],
        description="Sources whose transaction types are sides too, beside default.",
        examples=[["alt1"]],
    )
    compliance: ComplianceEntry | None = Field(
        None,
        json_schema_extra=without_null,
        description="Engine of compliance, and how a run is asked for.",
        examples=[{"engine": "v2", "run_scope": "Desk", "rule_scope": "Rules", "recipe": "Desk/default"}],
    )
    quotes: QuoteEntry | None = Field(
        None,
        json_schema_extra=without_null,
        description="Series that last prices are from; without it no quotes are read.",
        examples=[{"scope": "Desk", "provider": "Lusid", "field": "mid", "max_age": "P1D"}],
    )


def half_said_run(compliance: ComplianceEntry | None) -> Iterator[tuple[str, str]]:
    """Yield what lacks of a compliance run of which something is said, and the words for it."""
    said = [each for each in RUN_ENTRIES if compliance and getattr(compliance, each)]
    for missing in RUN_ENTRIES if said else ():
        if missing not in said:
            yield missing, f"is missing; {said[0]} needs it"


_PLAIN: Final = tuple(DeskEntries.model_fields.keys() - {"compliance", "quotes", "read_only"})


def said_of_the_desk(entry: DeskEntries) -> dict[str, Any]:
    """Return what a profile says of the desk, in the names and shapes of the desk's profile."""
    said = {name: getattr(entry, name) for name in _PLAIN if name in entry.model_fields_set}
    desk: dict[str, Any] = {name: value for name, value in said.items() if value not in (None, "", [])}
    if "refresh_seconds" in desk:
        desk["refresh_s"] = desk.pop("refresh_seconds")
    if "portfolios" in desk:
        desk["portfolios"] = [_id(text) for text in desk["portfolios"]]
    if "broker_list" in desk:
        desk["broker_list"] = _id(desk["broker_list"])
    if entry.quotes is not None:
        desk["quotes"] = entry.quotes.model_dump(exclude_unset=True)
    if (checks := entry.compliance) is not None:
        desk["compliance"] = checks.engine
        if checks.recipe:
            desk["compliance_run"] = {
                "run_scope": checks.run_scope,
                "rule_scope": checks.rule_scope,
                "recipe": _id(checks.recipe),
                "pre_trade": checks.pre_trade,
            }
    return desk


def _id(text: str) -> dict[str, str]:
    scope, _, code = text.partition("/")
    return {"scope": scope, "code": code}
