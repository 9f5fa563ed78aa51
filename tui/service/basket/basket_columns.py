"""The columns of a basket, and the headers they are known by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from tui.service.text_folding import canonical


class BasketColumn(Struct, frozen=True):
    """One column: its id, what it holds in words, and headers that mean it, the usual one first."""

    id: str
    holds: str
    headers: tuple[str, ...]


BASKET_COLUMNS: Final = (
    BasketColumn(
        "id",
        "your own name of the order: a row of the same name is never sent twice",
        ("id", "order id", "client order id", "reference", "ref", "clordid", "order ref"),
    ),
    BasketColumn(
        "side",
        "buy, sell, sell short or buy to cover; without it the sign of the size says it",
        ("side", "buy/sell", "b/s", "direction", "action", "transaction type", "transaction"),
    ),
    BasketColumn(
        "instrument",
        "ticker, name, ISIN, FIGI or LUID",
        (
            "instrument",
            "ticker",
            "symbol",
            "isin",
            "figi",
            "sedol",
            "luid",
            "security",
            "security id",
            "ric",
            "stock",
        ),
    ),
    BasketColumn(
        "quantity",
        "units, such as 1,000 or 50k",
        ("quantity", "qty", "units", "shares", "size", "nominal", "order quantity", "order qty"),
    ),
    BasketColumn(
        "amount",
        "money in place of units, in the currency of the amount",
        ("amount", "cash", "cash amount", "notional", "value", "order value"),
    ),
    BasketColumn(
        "amount_currency",
        "the currency of the amount",
        ("amount currency", "cash currency", "notional currency", "settlement currency"),
    ),
    BasketColumn(
        "portfolio",
        "the portfolio's code, or scope/code",
        ("portfolio", "fund", "account", "book", "portfolio code", "pf"),
    ),
    BasketColumn(
        "type",
        "market, limit, stop or stop limit; without it the prices say it",
        ("type", "order type", "ordtype"),
    ),
    BasketColumn("limit", "the limit price", ("limit", "limit price", "price", "px", "lmt")),
    BasketColumn("stop", "the stop price", ("stop", "stop price", "stp", "trigger")),
    BasketColumn(
        "currency",
        "the currency of the prices; else the instrument's",
        ("currency", "ccy", "price currency", "cur"),
    ),
    BasketColumn("tif", "day, gtc, ioc, fok or gtd", ("time in force", "tif", "validity", "time")),
    BasketColumn(
        "till",
        "the day a gtd order is good till, such as 2026-12-24",
        ("good till", "till", "expiry", "expiry date", "gtd", "good till date"),
    ),
    BasketColumn(
        "block",
        "an open block to join; rows of the same new name share a block",
        ("block", "block id", "block code", "basket", "group"),
    ),
)
"""All columns, in the order in which they are offered."""
BY_COLUMN: Final[Mapping[str, BasketColumn]] = {column.id: column for column in BASKET_COLUMNS}


def folded_header(header: str) -> str:
    """Return a header as headers are compared: letters and digits only, small.

    >>> folded_header(" Order_Qty. "), folded_header("Buy/Sell")
    ('orderqty', 'buysell')
    """
    return "".join(char for char in canonical(header) if char.isalnum())


_KNOWN: Final[Mapping[str, str]] = {
    folded_header(header): column.id for column in BASKET_COLUMNS for header in (column.id, *column.headers)
}


def column_of(header: str) -> str:
    """Return the id of the column that a header means; empty when it means none."""
    return _KNOWN.get(folded_header(header), "")


def mapping_of(said: Sequence[str]) -> Mapping[str, str]:
    """Read what somebody says that headers mean, ``HEADER=COLUMN`` each; return columns by folded header.

    Raises:
        ValueError: it is not of that form, or there is no such column; with a sentence.
    """
    found: dict[str, str] = {}
    for each in said:
        header, sign, column = each.rpartition("=")
        if not sign or not header.strip():
            raise ValueError(f"'{each}' maps no header: write HEADER=COLUMN.")
        meant = column.strip() and (column.strip() if column.strip() in BY_COLUMN else column_of(column))
        if column.strip() and not meant:
            raise ValueError(f"A basket has no column '{column.strip()}'; it has {', '.join(BY_COLUMN)}.")
        found[folded_header(header)] = meant
    return found
