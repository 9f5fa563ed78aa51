"""What a profile says of a desk: which part of a tenant it is about, and where it finds what rows do not say.

The settings file fills it (:mod:`tui.config`); whatever nobody said has its default here.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from msgspec import Struct

from tui.api.base import ResourceId

ComplianceEngine = Literal["v2", "legacy", "off"]
"""The engine whose states are shown and obeyed; ``off`` shows none and holds nothing up."""


class ComplianceRun(Struct, frozen=True):
    """What a compliance run is asked for: where its results are kept, which rules, and by which recipe."""

    run_scope: str
    rule_scope: str
    recipe: ResourceId
    pre_trade: bool = True


class QuoteSeries(Struct, frozen=True):
    """The series last prices are taken from; LUSID has none by default.

    A quote older than ``max_age`` is shown, but no limit is checked against it.
    """

    scope: str
    provider: str = "Lusid"
    field: str = "mid"
    id_type: str = "LusidInstrumentId"
    quote_type: str = "Price"
    price_source: str = ""
    max_age: timedelta = timedelta(days=1)


class DeskProfile(Struct, frozen=True):
    """One desk on one server.

    Attributes:
        home: the desk's own scope, in which it makes ids; what is of another one is shown with its scope.
        scopes: the scopes of the blocks it is about; all when empty.
        portfolios: the portfolios of the orders it is about; all when empty.
        filter: what else its blocks must pass, in the API's own grammar.
        days: on a tenant that never sweeps blocks, those without activity for longer are not of the desk.
        compliance: the engine of the states of compliance.
        compliance_run: how a run is asked for; None offers none.
        quotes: where last prices come from; None reads none.
        brokers: the brokers offered, beside those that rows name.
        broker_list: a reference list of brokers on the server.
        side_sources: the sources whose transaction types are sides too, beside ``default``.
        shared_views: the file of views that the desk shares; none when empty.
        refresh_s: the seconds between polls while somebody looks.
        colour: the colour of the band that names the server; empty for that of its kind.
    """

    home: str = ""
    scopes: tuple[str, ...] = ()
    portfolios: tuple[ResourceId, ...] = ()
    filter: str = ""
    days: int = 30
    compliance: ComplianceEngine = "v2"
    compliance_run: ComplianceRun | None = None
    quotes: QuoteSeries | None = None
    brokers: tuple[str, ...] = ()
    broker_list: ResourceId | None = None
    side_sources: tuple[str, ...] = ()
    shared_views: str = ""
    refresh_s: float = 2.0
    colour: str = ""


DEFAULT_PROFILE = DeskProfile()
