"""Makes the tables of the documents and the README's picture from the program: ``python -m tests.readme``."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Any

from tests.paths import ROOT
from tests.places import ADDITIONS
from tui.api.operation import Operation
from tui.api.operations import OPERATIONS
from tui.cli.arguments import command_helps
from tui.cli.options import Parser
from tui.cli.read_arguments import add_read_options
from tui.columns.filter_grammar import EXAMPLES
from tui.config.profiles import SETTINGS
from tui.config.settings_template import setting_rows
from tui.headless.exit_codes import ExitCode
from tui.headless.write_commands import COMMANDS, FIELDS
from tui.oms.faults.scenario import KINDS
from tui.oms.fidelity import RULE_FAMILIES, RULES, Fidelity
from tui.oms.http.reference_routes import served
from tui.oms.market import MarketRules
from tui.oms.served_endpoints import NOT_SERVED, SERVED
from tui.screens.desk.key_hints import BY_NAME, row_keys
from tui.screens.desk.registry import ACTIONS, GROUPS
from tui.start import vocabulary
from widgets.key_names import key_words

README = ROOT / "README.md"
DOCUMENTS = (
    README,
    ROOT / ".github" / "MANUAL.md",
    ROOT / ".github" / "CONTRIBUTING.md",
    ROOT / "tests" / "contract" / "FIDELITY.md",
)
"""Every document that holds a table made here, between ``<!-- name -->`` and ``<!-- /name -->``."""
AFTERNOON = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
PICTURE = ROOT / "tests" / "pictures" / "desk.svg"
MADE_BY = f"<!-- drawn by Textual {version('textual')} -->"


def key_summary() -> str:
    """Return the keys in short, a row per group of the registry."""
    lines = ["| | |", "|---|---|"]
    for group in GROUPS:
        actions = [action for action in ACTIONS if action.group == group and action.key]
        words = (f"`{key_words(each.key)}` {each.label[:1].lower()}{each.label[1:]}" for each in actions)
        if actions:
            lines.append(f"| **{group}** | {_cell(' · '.join(words))} |")
    return "\n".join(lines)


def keys() -> str:
    """Return the key table, a part per group of the registry."""
    lines = ["| Key | Does | |", "|---|---|---|"]
    for group in GROUPS:
        lines.append(f"| | **{group}** | |")
        for action in ACTIONS:
            if action.group == group:
                pressed = " ".join(f"`{key_words(key)}`" for key in action.keys({})) or BY_NAME
                lines.append(
                    f"| {pressed.replace('|', chr(92) + '|')} | {action.label} | {_cell(action.help)} |"
                )
    lines.append("| | **Inside a pane** | |")
    lines += [
        f"| {' '.join(f'`{key}`' for key in keys.split(' '))} | {does} | |" for keys, does in row_keys()
    ]
    return "\n".join(lines)


def endpoints(operations: Iterable[Operation[Any, Any]] = OPERATIONS) -> str:
    """Return the table of endpoints, with how faithful each is."""
    lines = ["| Method of the SDK | Request | | Fidelity |", "|---|---|---|---|"]
    for e in operations:
        served = SERVED[e.name]
        said = f"{served.fidelity.value}; {served.note}" if served.note else served.fidelity.value
        lines.append(f"| `{e.name}` | `{e.method} {e.path}` | {e.summary} | {_cell(said)} |")
    return "\n".join(lines)


def fidelity() -> str:
    """Return the table of the rules, a part per family, and what of LUSID's API is not served."""
    counts = Counter(rule.fidelity for rule in RULES.values())
    summary = ", ".join(f"{counts[each]} {each.value}" for each in Fidelity)
    lines = [f"{len(RULES)} rules: {summary}.", "", "| | Rule | Fidelity | |", "|---|---|---|---|"]
    for group in RULE_FAMILIES:
        lines.append(f"| | **{group.name}** | | |")
        for number, rule in group.rules.items():
            note = rule.note[:1].upper() + rule.note[1:]
            lines.append(f"| {number} | {_cell(rule.title)} | {rule.fidelity.value} | {_cell(note)} |")
    lines += [
        "",
        "Answered 501, whatever the method:",
        "",
        "| Part of LUSID's API | Paths under `/api` |",
        "|---|---|",
    ]
    lines += [
        f"| {name} | {', '.join(f'`{part}`' for part in parts)} |" for name, parts in NOT_SERVED.items()
    ]
    return "\n".join(lines)


def settings() -> str:
    """Return the table of what may be said of a server, and where."""
    lines = ["| | Command line | Variable | Profile | Secrets file |", "|---|---|---|---|---|"]
    for each in SETTINGS:
        places = (each.flag, " ".join(each.variables), each.entry, " ".join(each.keys))
        cells = (" ".join(f"`{name}`" for name in place.split()) for place in places)
        lines.append(f"| {each.name.replace('_', ' ')} | {' | '.join(cells)} |")
    return "\n".join(lines)


def config() -> str:
    """Return the table of what the settings file may say."""
    lines = ["| In `config.toml` | If it is not set | What it does |", "|---|---|---|"]
    for name, usual, meaning in setting_rows(vocabulary()):
        lines.append(f"| `{name}` | {f'`{usual}`' if usual else ''} | {_cell(meaning)} |")
    return "\n".join(lines)


def faults() -> str:
    """Return the table of the faults ``serve`` can be asked for."""
    lines = ["| Fault | The client sees | The call is carried out | Takes |", "|---|---|---|---|"]
    for kind in KINDS:
        takes = ", ".join(f"`{name}`" for name in kind.takes)
        lines.append(f"| `{kind.name}` | {kind.effect} | {'yes' if kind.done else 'no'} | {takes} |")
    return "\n".join(lines)


def market() -> str:
    """Return the table of the numbers the simulated market goes by."""
    rules = MarketRules()
    minute = timedelta(minutes=1)
    heavy, quiet = max(rules.volume_profile), min(rules.volume_profile)
    rows = (
        (
            "Day",
            f"{rules.trading_day} h long, {rules.closed_time // minute} minutes closed between two; "
            f"begins {rules.first_day_elapsed} h in",
        ),
        ("Step", f"{rules.tick.seconds} s of market time; `speed` 0.01 to 100 steps as fast"),
        ("Volume", f"the first half hour trades {heavy} times the average one, the quietest {quiet} times"),
        (
            "Fill",
            f"{rules.participation:.0%} of what trades between two fills, in lots; at most "
            f"{rules.max_slice:.0%} of the placement, and {rules.max_volume_share:.0%} of a day's volume "
            "for all fills together",
        ),
        (
            "Pace",
            f"a fill in {rules.ticks_per_fill} steps on average, "
            f"in {rules.fresh_ticks_per_fill} for what just arrived",
        ),
        (
            "Rejected",
            f"a limit more than {rules.collar:.0%} ({rules.bond_collar:.0%} for bonds) through the market, "
            f"any price {rules.max_price_ratio} times off it, foreign money; "
            f"and one placement in {rules.reject_one_in} by chance",
        ),
        (
            "Late fill",
            f"one cancel in {rules.late_fill_one_in} crosses a fill, which arrives within "
            f"{(rules.late_fill_ticks * rules.tick).seconds} s; the placement stays cancelled",
        ),
        (
            "Halt",
            f"one instrument in {rules.halt_one_in * rules.tick} h, "
            f"for about {rules.halt_length // minute} minutes",
        ),
        ("Calm", f"for the first {rules.calm_period // minute} minutes nothing goes wrong by chance"),
    )
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {said} |" for name, said in rows)])


def places() -> str:
    """Return the steps to add something, a part per thing; their number is that of its places."""
    lines = []
    for each in ADDITIONS:
        number = len(each.places)
        lines += [f"### {each.name}: {number} {'place' if number == 1 else 'places'}", ""]
        lines += [f"{step}. `{place.file}`: {place.words}." for step, place in enumerate(each.places, 1)]
        lines += ["", f"By itself: {each.follows}.", ""]
    return "\n".join(lines).rstrip()


def filters() -> str:
    """Return the grammar of filters by examples."""
    lines = ["| Typed | Finds |", "|---|---|"]
    return "\n".join((*lines, *(f"| `{_cell(example)}` | {_cell(finds)} |" for example, finds in EXAMPLES)))


def commands() -> str:
    """Return the table of the commands, as the command line declares them."""
    lines = ["| Command | Does |", "|---|---|"]
    lines += [f"| `blotter {name}` | {_cell(help)} |" for name, help in command_helps()]
    return "\n".join(lines)


def exit_codes() -> str:
    """Return the table of the exit codes of commands that work on a desk."""
    lines = ["| Exit code | `outcome` | |", "|---|---|---|"]
    return "\n".join((*lines, *(f"| {code} | `{code.outcome}` | {code.meaning} |" for code in ExitCode)))


def read_options() -> str:
    """Return the table of the options of the read commands."""
    program = Parser()
    add_read_options(program)
    lines = ["| Option | |", "|---|---|"]
    for option in program._actions[1:]:
        name = option.option_strings[0] if option.option_strings else f"{option.metavar}..."
        value = f" {option.metavar}" if option.option_strings and option.metavar else ""
        lines.append(f"| `{name}{value}` | {_cell(option.help or '')} |")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def with_tables(text: str) -> str:
    """Return a document with its tables made anew."""
    tables = {
        "key-summary": key_summary(),
        "keys": keys(),
        "settings": settings(),
        "config": config(),
        "endpoints": endpoints(),
        "around": endpoints(served()),
        "fidelity": fidelity(),
        "faults": faults(),
        "market": market(),
        "places": places(),
        "filters": filters(),
        "write-fields": write_fields(),
        "commands": commands(),
        "exit-codes": exit_codes(),
        "read-options": read_options(),
    }
    for name, table in tables.items():
        marks = rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)"
        made = table.replace("\\", "\\\\")
        text = re.sub(marks, rf"\g<1>{made}\n\g<2>", text, flags=re.DOTALL)
    return text


def write_fields() -> str:
    """Return the fields of the commands that write, by the options that name them."""
    lines = ["| Command | Options of its form |", "|---|---|"]
    for command in COMMANDS.values():
        flags = " ".join(f"`{FIELDS[name].flag}`" for name in command.fields)
        lines.append(f"| `{command.name}` | {flags} |")
    lines += ["", "| Option | |", "|---|---|"]
    for field in FIELDS.values():
        document = f"; in documents `{field.name}`" if field.option else ""
        lines.append(f"| `{field.flag}` | {_cell(field.help)}{document} |")
    return "\n".join(lines)


async def picture() -> str:
    """Return a picture of the desk at 160x44, on the demo data of one afternoon, as SVG.

    The app's clock stands still, so the same program makes the same bytes. The last line names the Textual
    that drew it, since another version may draw the same screen with other bytes.
    """
    from tests.blotter_app import desk_app

    async with desk_app(start=AFTERNOON) as app, app.run_test(size=(160, 44)) as pilot:
        while not app.session.snapshot.complete:
            await pilot.pause(0.01)
        await pilot.pause(0.3)
        return f"{app.export_screenshot(title='blotter')}\n{MADE_BY}\n"


def main() -> None:
    """Write the tables into the documents, and the picture."""
    for document in DOCUMENTS:
        document.write_text(with_tables(document.read_text(encoding="utf-8")), encoding="utf-8")
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(asyncio.run(picture()), encoding="utf-8")


if __name__ == "__main__":
    main()
