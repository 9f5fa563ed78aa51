"""Compile a filter's syntax tree to SQL. Every value is a parameter; no text of a filter becomes SQL.

Missing and null values match nothing except ``not exists`` (F1), as NULL does in SQL. Texts are compared
case-insensitively, numbers as numbers, times as points in time (F2).
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final

from tui.oms.domain.refusals import Refusal
from tui.oms.domain.times import time_of, time_text, to_micros
from tui.oms.query.nodes import BooleanOp, Comparison, Exists, FilterNode, ListCondition, Not, Value
from tui.oms.query.queryable_fields import FieldType, QueryableField, QueryableFields, Sql, join_conditions
from tui.oms.store.folding import fold

_SQL_OPERATORS: Final = {"eq": "=", "neq": "<>", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_LAST_CODE_POINT: Final = "\U0010ffff"


class ConditionBuilder:
    """Compiles conditions over live rows (``live``) or over any version."""

    def __init__(self, fields: QueryableFields, *, live: bool) -> None:
        self._fields = fields
        self._live = live

    def build(self, node: FilterNode) -> Sql:
        """Return the condition of ``node``.

        Raises:
            Refusal: a field does not exist, or a value is not of the field's type (F4).
        """
        if isinstance(node, BooleanOp):
            parts = [self.build(part) for part in node.parts]
            return join_conditions(" OR " if node.is_or else " AND ", parts)
        if isinstance(node, Not):
            part = self.build(node.part)
            return Sql(f"NOT ({part.text})", part.values)
        if isinstance(node, Exists):
            return self._exists(node)
        if isinstance(node, ListCondition):
            return self._list_condition(node)
        return self._comparison(self._fields.find(node.field), node)

    def _sql(self, field: QueryableField) -> Sql:
        return field.live if self._live else field.any_version

    def _exists(self, node: Exists) -> Sql:
        field = self._fields.find(node.field)
        value = self._sql(field)
        found = Sql(f"{value.text} IS NOT NULL", value.values)
        if field.list_path is not None:
            found = _exists_in_list(field.list_path, found)
        return found if node.expected else Sql(f"NOT ({found.text})", found.values)

    def _list_condition(self, node: ListCondition) -> Sql:
        whole = self._fields.find(node.field)
        if whole.type is FieldType.PROPERTY:
            (path,) = whole.any_version.values
            item = Sql("e.value")
            part = QueryableField(
                node.field, FieldType.TEXT, item, item, list_path=f"{path}.value.labelValueSet.values"
            )
        else:
            part = self._fields.find(f"{node.field}.{node.test.field}" if node.test.field else node.field)
        if part.list_path is None:
            raise Refusal("InvalidParameterValue", f"'{node.field}' is not a list.", rule="F3")
        if not node.is_all:
            return self._comparison(part, node.test)
        each = Sql("json_each(v.text, ?) e", (part.list_path,))
        test = self._compare(part, self._sql(part), node.test)
        return Sql(
            f"(EXISTS (SELECT 1 FROM {each.text}) AND NOT EXISTS "
            f"(SELECT 1 FROM {each.text} WHERE ({test.text}) IS NOT TRUE))",
            (*each.values, *each.values, *test.values),
        )

    def _comparison(self, field: QueryableField, test: Comparison) -> Sql:
        found = self._compare(field, self._sql(field), test)
        if field.list_path is not None:
            found = _exists_in_list(field.list_path, found)
        if self._live and (by_link := link_condition(field, test)) is not None:
            return join_conditions(" AND ", [by_link, found])
        return found

    def _compare(self, field: QueryableField, value: Sql, test: Comparison) -> Sql:
        if field.type is FieldType.PROPERTY:
            return self._property(value, test)
        if field.type in (FieldType.PARTS, FieldType.LIST):
            raise Refusal(
                "InvalidParameterValue",
                f"'{field.name}' has parts; ask about one of them, such as '{field.name}.code'.",
                rule="F4",
            )
        return _comparison_sql(
            field.type, _comparable_value(field, value, test, self._live), test, _arguments(field, test)
        )

    def _property(self, value: Sql, test: Comparison) -> Sql:
        """Compare a property: its label with text, its metric with a number (F2)."""
        (path,) = value.values
        number = isinstance(test.values[0], Decimal)
        leaf = FieldType.NUMBER if number else FieldType.TEXT
        part = "metricValue.value" if number else "labelValue"
        place = Sql(value.text, (f"{path}.value.{part}",))
        field = QueryableField(test.field, leaf, place, place)
        return _comparison_sql(
            leaf, _comparable_value(field, place, test, live=False), test, _arguments(field, test)
        )


def link_condition(field: QueryableField, test: Comparison) -> Sql | None:
    """Return a condition that finds candidates by the link table, or None where it has no such link."""
    if field.link is None or test.op not in ("eq", "in"):
        return None
    marks = ",".join("?" * len(test.values))
    codes = tuple(_text(value) for value in test.values)
    return Sql(f"l.n IN (SELECT n FROM link WHERE relation = ? AND code IN ({marks}))", (field.link, *codes))


def _exists_in_list(path: str, condition: Sql) -> Sql:
    text = f"EXISTS (SELECT 1 FROM json_each(v.text, ?) e WHERE {condition.text})"
    return Sql(text, (path, *condition.values))


def _comparison_sql(leaf: FieldType, value: Sql, test: Comparison, arguments: list[object]) -> Sql:
    mark = "CAST(? AS REAL)" if leaf is FieldType.NUMBER else "?"
    text = value.text
    if test.op == "startswith":
        if leaf is not FieldType.TEXT:
            raise Refusal("InvalidParameterValue", f"'{test.field}' is not a text.", rule="F4")
        prefix = str(arguments[0])
        values = (*value.values, prefix, *value.values, prefix + _LAST_CODE_POINT)
        return Sql(f"{text} >= ? AND {text} < ?", values)
    if test.op in ("in", "not in"):
        marks = ",".join([mark] * len(arguments))
        return Sql(f"{text} {test.op.upper()} ({marks})", (*value.values, *arguments))
    return Sql(f"{text} {_SQL_OPERATORS[test.op]} {mark}", (*value.values, arguments[0]))


def _comparable_value(field: QueryableField, value: Sql, test: Comparison, live: bool) -> Sql:
    """Return a text ready to compare: folded, unless it is stored folded.

    SQLite's NOCASE folds ASCII only and is enough where all values are ASCII.
    """
    if field.type is not FieldType.TEXT or field.is_folded(live):
        return value
    if all(_text(each).isascii() for each in test.values):
        return Sql(f"{value.text} COLLATE NOCASE", value.values)
    return Sql(f"fold({value.text})", value.values)


def _arguments(field: QueryableField, test: Comparison) -> list[object]:
    return [_argument(field, each) for each in test.values]


def _argument(field: QueryableField, value: Value) -> object:
    """Return ``value`` in the field's stored form."""
    if field.type is FieldType.TEXT:
        return fold(_text(value))
    if field.type is FieldType.NUMBER:
        if isinstance(value, Decimal):
            return f"{value:f}"
    elif field.type in (FieldType.TIME, FieldType.SINCE):
        moment = time_of(value) if isinstance(value, str) else value
        if isinstance(moment, datetime):
            return to_micros(moment) if field.type is FieldType.SINCE else time_text(moment)
    elif isinstance(value, bool):
        return int(value)
    raise Refusal(
        "InvalidParameterValue",
        f"'{_text(value)}' is not {field.type.value}, as '{field.name}' is.",
        rule="F4",
    )


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return time_text(value) or "" if isinstance(value, datetime) else value
