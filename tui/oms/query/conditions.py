"""A filter's tree as SQL: every value is a parameter, nothing of a filter's text becomes SQL.

Missing and null values match nothing except ``not exists`` (F1): SQL's own treatment of NULL. Texts are
compared without regard to case, numbers as numbers, times as points in time (F2).
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final

from tui.oms.domain.refusals import Refusal
from tui.oms.domain.times import micros, time_of, time_text
from tui.oms.query.nodes import Both, Exists, Node, Not, Some, Test, Value
from tui.oms.query.queryable_fields import Fields, Leaf, QueryableField, Sql, joined
from tui.oms.store.folding import fold

_SIGNS: Final = {"eq": "=", "neq": "<>", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_LAST: Final = "\U0010ffff"


class Conditions:
    """Makes conditions over live rows (``live``) or over any version."""

    def __init__(self, fields: Fields, *, live: bool) -> None:
        self._fields = fields
        self._live = live

    def of(self, node: Node) -> Sql:
        """Give the condition of ``node``.

        Raises:
            Refusal: a field that does not exist, or a value that is not of its kind (F4).
        """
        if isinstance(node, Both):
            parts = [self.of(part) for part in node.parts]
            return joined(" OR " if node.either else " AND ", parts)
        if isinstance(node, Not):
            part = self.of(node.part)
            return Sql(f"NOT ({part.text})", part.values)
        if isinstance(node, Exists):
            return self._exists(node)
        if isinstance(node, Some):
            return self._some(node)
        return self._test(self._fields.find(node.field), node)

    def _sql(self, field: QueryableField) -> Sql:
        return field.live if self._live else field.kept

    def _exists(self, node: Exists) -> Sql:
        field = self._fields.find(node.field)
        value = self._sql(field)
        found = Sql(f"{value.text} IS NOT NULL", value.values)
        if field.each is not None:
            found = _in_list(field.each, found)
        return found if node.wanted else Sql(f"NOT ({found.text})", found.values)

    def _some(self, node: Some) -> Sql:
        whole = self._fields.find(node.field)
        if whole.leaf is Leaf.PROPERTY:
            (path,) = whole.kept.values
            item = Sql("e.value")
            part = QueryableField(
                node.field, Leaf.TEXT, item, item, each=f"{path}.value.labelValueSet.values"
            )
        else:
            part = self._fields.find(f"{node.field}.{node.test.field}" if node.test.field else node.field)
        if part.each is None:
            raise Refusal("InvalidParameterValue", f"'{node.field}' is not a list.", rule="F3")
        if not node.every:
            return self._test(part, node.test)
        each = Sql("json_each(v.text, ?) e", (part.each,))
        test = self._compared(part, self._sql(part), node.test)
        return Sql(
            f"(EXISTS (SELECT 1 FROM {each.text}) AND NOT EXISTS "
            f"(SELECT 1 FROM {each.text} WHERE ({test.text}) IS NOT TRUE))",
            (*each.values, *each.values, *test.values),
        )

    def _test(self, field: QueryableField, test: Test) -> Sql:
        found = self._compared(field, self._sql(field), test)
        if field.each is not None:
            found = _in_list(field.each, found)
        if self._live and (by_link := pointing(field, test)) is not None:
            return joined(" AND ", [by_link, found])
        return found

    def _compared(self, field: QueryableField, value: Sql, test: Test) -> Sql:
        if field.leaf is Leaf.PROPERTY:
            return self._property(value, test)
        if field.leaf in (Leaf.PARTS, Leaf.LIST):
            raise Refusal(
                "InvalidParameterValue",
                f"'{field.name}' has parts; ask about one of them, such as '{field.name}.code'.",
                rule="F4",
            )
        return _operation(field.leaf, _text_of(field, value, test, self._live), test, _arguments(field, test))

    def _property(self, value: Sql, test: Test) -> Sql:
        """Compare a property: its label as text, its metric with a number (F2)."""
        (path,) = value.values
        number = isinstance(test.values[0], Decimal)
        leaf = Leaf.NUMBER if number else Leaf.TEXT
        part = "metricValue.value" if number else "labelValue"
        place = Sql(value.text, (f"{path}.value.{part}",))
        field = QueryableField(test.field, leaf, place, place)
        return _operation(leaf, _text_of(field, place, test, live=False), test, _arguments(field, test))


def pointing(field: QueryableField, test: Test) -> Sql | None:
    """Give the condition that finds by the link table what may point where ``test`` asks, if it can."""
    if field.link is None or test.op not in ("eq", "in"):
        return None
    marks = ",".join("?" * len(test.values))
    codes = tuple(_text(value) for value in test.values)
    return Sql(f"l.n IN (SELECT n FROM link WHERE relation = ? AND code IN ({marks}))", (field.link, *codes))


def _in_list(path: str, condition: Sql) -> Sql:
    text = f"EXISTS (SELECT 1 FROM json_each(v.text, ?) e WHERE {condition.text})"
    return Sql(text, (path, *condition.values))


def _operation(leaf: Leaf, value: Sql, test: Test, arguments: list[object]) -> Sql:
    mark = "CAST(? AS REAL)" if leaf is Leaf.NUMBER else "?"
    text = value.text
    if test.op == "startswith":
        if leaf is not Leaf.TEXT:
            raise Refusal("InvalidParameterValue", f"'{test.field}' is not a text.", rule="F4")
        prefix = str(arguments[0])
        values = (*value.values, prefix, *value.values, prefix + _LAST)
        return Sql(f"{text} >= ? AND {text} < ?", values)
    if test.op in ("in", "not in"):
        marks = ",".join([mark] * len(arguments))
        return Sql(f"{text} {test.op.upper()} ({marks})", (*value.values, *arguments))
    return Sql(f"{text} {_SIGNS[test.op]} {mark}", (*value.values, arguments[0]))


def _text_of(field: QueryableField, value: Sql, test: Test, live: bool) -> Sql:
    """Give a text to compare: as it is where it is folded, else folded as far as the values ask for it."""
    if field.leaf is not Leaf.TEXT or field.folded(live):
        return value
    if all(_text(each).isascii() for each in test.values):
        return Sql(f"{value.text} COLLATE NOCASE", value.values)
    return Sql(f"fold({value.text})", value.values)


def _arguments(field: QueryableField, test: Test) -> list[object]:
    return [_argument(field, each) for each in test.values]


def _argument(field: QueryableField, value: Value) -> object:
    """Give ``value`` in the form the field is kept in."""
    if field.leaf is Leaf.TEXT:
        return fold(_text(value))
    if field.leaf is Leaf.NUMBER:
        if isinstance(value, Decimal):
            return f"{value:f}"
    elif field.leaf in (Leaf.TIME, Leaf.SINCE):
        moment = time_of(value) if isinstance(value, str) else value
        if isinstance(moment, datetime):
            return micros(moment) if field.leaf is Leaf.SINCE else time_text(moment)
    elif isinstance(value, bool):
        return int(value)
    raise Refusal(
        "InvalidParameterValue",
        f"'{_text(value)}' is not {field.leaf.value}, as '{field.name}' is.",
        rule="F4",
    )


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return time_text(value) or "" if isinstance(value, datetime) else value
