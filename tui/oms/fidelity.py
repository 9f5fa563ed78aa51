"""The fidelity of the embedded server to LUSID, declared once: here rule by rule.

Endpoint by endpoint it is declared in :mod:`tui.oms.served_endpoints`.

The tables of FIDELITY.md are written from here, and tests see to it that no rule or endpoint is left out,
that every rule has its tests over HTTP, and that what is not served is answered 501. Nothing else may keep a
list of this kind. It is not loaded to serve.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

from msgspec import Struct


class Fidelity(Enum):
    """The source of a behaviour."""

    DOCUMENTED = "as documented"
    OUR_READING = "our reading"
    NOT_MODELLED = "not modelled"


class Rule(Struct, frozen=True):
    """A numbered rule: what it says, its source, and where we differ, why."""

    title: str
    fidelity: Fidelity
    note: str = ""


class RuleFamily(Struct, frozen=True):
    """The rules of one letter, and the module that is their home."""

    name: str
    home: str
    rules: Mapping[str, Rule]


DOCUMENTED: Final = Fidelity.DOCUMENTED
OURS: Final = Fidelity.OUR_READING

RULE_FAMILIES: Final = (
    RuleFamily(
        "Life cycle and states",
        "tui.oms.rules.filling",
        {
            "L1": Rule(
                "An order goes into a block, is placed, executed, allocated and booked.",
                DOCUMENTED,
                "compliance runs, which stand between order and placement, are not modelled",
            ),
            "L2": Rule("A state is any text.", DOCUMENTED),
            "L3": Rule(
                "The server sets orders to New, PartiallyFilled, Filled, Cancelled or Booked.",
                OURS,
            ),
            "L4": Rule("Placements are stored as New, PartiallyFilled, Filled or Cancelled.", OURS),
            "L5": Rule(
                "An execution keeps the state it was sent with; a cancelled one counts as zero units.", OURS
            ),
            "L6": Rule(
                "Allocations are New until they are Booked; Cancelled and Closed are kept.", DOCUMENTED
            ),
            "L7": Rule("A cancelled, booked or closed order cannot be changed.", OURS),
            "L8": Rule(
                "The state of a placement follows its executed quantity.",
                OURS,
                "an execution also makes a new version of its placement when the state stays the same, so "
                "that "
                "clients that poll for changes see it; a placement sized by amount is filled by the money "
                "of its "
                "executions",
            ),
            "L9": Rule(
                "The state of an order follows its allocated quantity.",
                OURS,
                "an order sized by amount is filled by the money allocated to it",
            ),
            "L10": Rule(
                "Every change is a new version, and every version can be read at its time.",
                DOCUMENTED,
                "a move, too, is a new version of the order, though no field of it changes",
            ),
            "L11": Rule("What is deleted can still be read as it was before.", DOCUMENTED),
            "L12": Rule(
                "Units are exact decimals; differences below 1e-9 are ignored.",
                OURS,
            ),
        },
    ),
    RuleFamily(
        "Blocks and orders",
        "tui.oms.rules.creation",
        {
            "C1": Rule(
                "Orders of one block agree on instrument, side, type, prices and time in force.", DOCUMENTED
            ),
            "C2": Rule(
                "Orders that differ from those of an existing block refuse the whole call.", DOCUMENTED
            ),
            "C3": Rule("An empty block takes over the request's terms; block properties are merged.", OURS),
            "C4": Rule(
                "The fields that orders of a block have in common come from the block's entry.",
                DOCUMENTED,
                "defaults are our reading",
            ),
            "C5": Rule("An id in use refuses the call, unless the identical order is sent again.", OURS),
            "C6": Rule(
                "A block's quantity is the sum of its live orders, or its own if it has no orders.",
                OURS,
            ),
            "C7": Rule("An order has exactly one of quantity, amount and weight, and it is positive.", OURS),
            "C8": Rule("An order can be upserted without a block and moved into one later.", DOCUMENTED),
            "C9": Rule("An upsert replaces the whole entity; the upsert of a block sets its orders.", OURS),
            "C10": Rule("An entity that others refer to is not deleted.", OURS),
        },
    ),
    RuleFamily(
        "Moving orders",
        "tui.oms.rules.moving",
        {
            "M1": Rule("A missing destination block is created with the order's terms.", DOCUMENTED),
            "M2": Rule("A destination block whose orders differ refuses the whole call.", DOCUMENTED),
            "M3": Rule("An empty destination block takes over the order's terms, unless it is placed.", OURS),
            "M4": Rule(
                "The order changes block, both quantities are recomputed, and an empty source block stays.",
                OURS,
            ),
            "M5": Rule("Moving an order to its own block succeeds and changes nothing.", OURS),
            "M6": Rule(
                "An order that placements of its block need, or that has allocations, is not moved.", OURS
            ),
            "M7": Rule("Unknown and finished orders and swept blocks refuse the call.", OURS),
            "M8": Rule("Moves are applied in their order, all or none.", OURS),
        },
    ),
    RuleFamily(
        "Updating orders",
        "tui.oms.rules.updating",
        {
            "U1": Rule("Only the fields sent change; a property without a value is removed.", OURS),
            "U2": Rule(
                "An order is not reduced below its allocated quantity, nor its block below the placed one.",
                OURS,
            ),
            "U3": Rule("Terms change only on an order alone in a block of which nothing is placed.", OURS),
            "U4": Rule("An order with allocations keeps its portfolio.", OURS),
            "U5": Rule(
                "Items are independent.",
                DOCUMENTED,
                "the order of application is our reading, and so is that updates of placements and "
                "cancelling "
                "with moving may also name one entity twice: the second item applies to the result of the "
                "first. "
                "An id twice in a list, or in a map of bare ids, refuses the call (2.0)",
            ),
        },
    ),
    RuleFamily(
        "Cancelling orders",
        "tui.oms.rules.cancelling",
        {
            "X1": Rule("A cancelled order keeps its quantity and its block.", OURS),
            "X2": Rule("Its block no longer counts it and is otherwise unchanged.", OURS),
            "X3": Rule("An order is not cancelled if placements of its block need its quantity.", OURS),
            "X4": Rule("Placements, executions and allocations do not change.", OURS),
            "X5": Rule(
                "Orders can be cut to their placed quantity, and the rest moved to new orders.",
                DOCUMENTED,
                "how placed units are shared is our reading. Better than inferred: a cut order is still "
                "allocated the quantity it keeps although it is cancelled (A5), and that quantity does "
                "not count "
                "against the live orders of its block (P3, X3); otherwise placed units would belong to no "
                "order, "
                "and units of the others could not be placed",
            ),
        },
    ),
    RuleFamily(
        "Placements",
        "tui.oms.rules.placing",
        {
            "P1": Rule("Every block that is placed must exist.", DOCUMENTED),
            "P2": Rule(
                "A placement has its blocks' terms; type and prices are free if the blocks are at market.",
                OURS,
            ),
            "P3": Rule(
                "Blocks are not placed beyond their quantity, except by upsert.",
                OURS,
                "the quantity that orders cut by X5 keep does not count",
            ),
            "P4": Rule("A placement of several blocks fills them in their order.", OURS),
            "P5": Rule("Child placements are part of their parent and do not count against the block.", OURS),
            "P6": Rule("A placement starts as New; an id in use is refused.", OURS),
            "P7": Rule("Empty and swept blocks are not placed.", OURS),
            "P8": Rule(
                "A placement's size stays between its executed quantity and its blocks' free quantity.", OURS
            ),
            "P9": Rule(
                "The type can change if the block is at market; a market placement has no prices.", DOCUMENTED
            ),
            "P10": Rule(
                "Prices are numbers in the placement's currency, and wait until there is one.", DOCUMENTED
            ),
            "P11": Rule("Cancelling includes the children; a filled placement cannot be cancelled.", OURS),
            "P12": Rule("Cancelling frees the unexecuted quantity.", OURS),
            "P13": Rule(
                "A block with an order that failed compliance or was rejected is not placed, nor more of it.",
                OURS,
                "whether LUSID's server refuses is not known; its web blotter asks for a passed run. "
                "Pending states are placed. Records by upsert are taken",
            ),
        },
    ),
    RuleFamily(
        "Executions",
        "tui.oms.rules.executing",
        {
            "E1": Rule("An execution has its placement's instrument and side.", OURS),
            "E2": Rule(
                "An execution sent again is a correction; over-execution is accepted and shown.", OURS
            ),
            "E3": Rule("A missing average price is that of the placement after the request.", DOCUMENTED),
            "E4": Rule("An execution behind a booked allocation cannot be changed.", OURS),
            "E5": Rule("A busted, voided or shrunk execution leaves its allocations over-allocated.", OURS),
        },
    ),
    RuleFamily(
        "Allocation service",
        "tui.oms.rules.allocating",
        {
            "A1": Rule("By default in proportion, leftovers round robin, first in first out.", DOCUMENTED),
            "A2": Rule(
                "Shares are in proportion to the unfilled quantities, rounded down to whole units.",
                DOCUMENTED,
                "orders sized by amount share by the money they still want at the fill's price; what an "
                "order sized by weight is worth needs its portfolio's value, which is not modelled",
            ),
            "A3": Rule("No order is allocated more than its size.", DOCUMENTED),
            "A4": Rule(
                "Leftovers are given one unit at a time, for each execution from the first order on.", OURS
            ),
            "A5": Rule(
                "Executions are shared in the order of time; cancelled orders take no part.",
                OURS,
                "an order cut by X5 is still allocated the quantity it keeps",
            ),
            "A6": Rule(
                "A leftover below one unit goes whole to the next order with room, else it is split.", OURS
            ),
            "A7": Rule("Executed units that no order has room for stay unallocated.", OURS),
            "A8": Rule("Ids consist of placement and order, with a number after a booked one.", OURS),
            "A9": Rule("An allocation names its executions and how it settles.", OURS),
            "A10": Rule("All orders of a run get the same average price.", OURS),
            "A11": Rule(
                "A new run replaces unbooked allocations, and makes no version if nothing changed.",
                DOCUMENTED,
                "the ids are our reading",
            ),
            "A12": Rule("Booked allocations stay; later runs allocate the other executions.", OURS),
            "A13": Rule(
                "Each placement fails on its own, with a reason.",
                DOCUMENTED,
                "only EmptyPortfolioIdFailure is documented",
            ),
            "A14": Rule("Algorithms: PR-FIFO, RR-FIFO, PR-LF, PR-SF.", OURS, "only PR-FIFO is documented"),
            "A15": Rule(
                "A child's run allocates its own executions, the parent's run all remaining ones.", OURS
            ),
            "A16": Rule(
                "Blocks without orders are shared among portfolios by weight.",
                DOCUMENTED,
                "rounding is our reading",
            ),
            "A17": Rule("The reply lists the placements that were allocated.", DOCUMENTED),
        },
    ),
    RuleFamily(
        "Booking",
        "tui.oms.rules.booking",
        {
            "B1": Rule("Each allocation becomes one transaction of its portfolio.", DOCUMENTED),
            "B2": Rule(
                "A transaction is mapped from its allocation and order.",
                OURS,
                "better than inferred: known bonds are quoted per 100 nominal, so their consideration is "
                "units x price / 100; units x price would be a hundred times the money",
            ),
            "B3": Rule(
                "Booking again amends the transaction, or cancels it for one of another date.", DOCUMENTED
            ),
            "B4": Rule("An allocation that cannot be booked fails on its own.", OURS),
            "B5": Rule(
                "Fees are properties of the transaction and do not change its consideration.",
                OURS,
                "from a local table of rates by broker and currency (serve --fees); LUSID's own fee rules "
                "are not modelled",
            ),
            "B6": Rule("On request, allocations and whole orders become Booked.", DOCUMENTED),
            "B7": Rule("Without the mark, only the order graph shows what is booked.", OURS),
            "B8": Rule(
                "Any allocation can be booked at any time.", DOCUMENTED, "no foreign-exchange orders are made"
            ),
            "B9": Rule("An over-allocated allocation cannot be booked: allocate again.", OURS),
        },
    ),
    RuleFamily(
        "Sweeping",
        "tui.oms.rules.sweeping",
        {
            "S1": Rule(
                "A block is swept once everything in it is finished and unchanged since the time given.",
                DOCUMENTED,
                "a cut label means the end of its day in UTC: only the client's own LUSID knows its time "
                "of day",
            ),
            "S2": Rule(
                "A placement counts as finished by its allocated quantity; a cancelled one always does.", OURS
            ),
            "S3": Rule(
                "A swept block takes no more work until an upsert brings it back.",
                DOCUMENTED,
                "bringing it back is our reading",
            ),
        },
    ),
    RuleFamily(
        "History",
        "tui.oms.engine.order_history",
        {
            "H1": Rule("Newest first: one item per changed field and per related event.", OURS),
            "H2": Rule(
                "Items name the action and the entities concerned.",
                OURS,
                "there are no compliance runs",
            ),
            "H3": Rule("An unknown order has no history: 404.", DOCUMENTED),
        },
    ),
    RuleFamily(
        "Order graph",
        "tui.oms.engine.order_graph",
        {
            "G1": Rule(
                "Ordered counts live orders; by state, cancelled ones too.",
                OURS,
            ),
            "G2": Rule("Placed counts live placements; children are listed.", OURS),
            "G3": Rule("Executed counts the executions of those placements and of their children.", OURS),
            "G4": Rule("Allocated is relative to the block's side.", DOCUMENTED),
            "G5": Rule("Booked counts active transactions, with their money.", OURS),
            "G6": Rule("Nothing is capped: excess is visible.", OURS),
            "G7": Rule("The derived state is the first stage that is not complete.", DOCUMENTED),
            "G8": Rule(
                "The states of a block, from New to Booked.",
                OURS,
                "two are documented; a block sized by amount is judged in money",
            ),
            "G9": Rule("The states of a placement, from New to Allocated.", OURS, "one is documented"),
            "G10": Rule(
                "Compliance is the worst of the orders; approval says whether anything is placed.",
                OURS,
                "read from order properties ComplianceState and ApprovalState; Passed and Approved else",
            ),
            "G11": Rule("The average price is over a placement's executions.", OURS),
        },
    ),
    RuleFamily(
        "Compliance",
        "tui.oms.rules.compliance_run",
        {
            "K1": Rule(
                "Three rules check each open order: issuer share, cash floor, restricted list.",
                OURS,
                "order by order at reference prices; the values of funds are invented",
            ),
            "K2": Rule(
                "A run checks all open orders and sets their states; a preview only if it includes orders.",
                OURS,
                "at once; the states are order properties, so a run makes versions of orders",
            ),
            "K3": Rule(
                "Runs, what their rules found, and breaches are read; the older engine's lists are empty.",
                DOCUMENTED,
                "no workflow service: the ids of tasks are derived",
            ),
            "K4": Rule(
                "States are of V2 where it is asked for; the older engine passes everything.",
                OURS,
                "which engine is which is not documented",
            ),
        },
    ),
    RuleFamily(
        "Around orders",
        "tui.oms.http.reference_endpoints",
        {
            "N1": Rule("The latest asAt is the moment of the newest write.", DOCUMENTED),
            "N2": Rule(
                "A unique identifier names an instrument; another one where exactly one instrument has it.",
                DOCUMENTED,
                "so does $get, of which the SDK says unique identifiers",
            ),
            "N3": Rule("Instruments are listed by scope, active ones unless a filter says more.", DOCUMENTED),
            "N4": Rule(
                "A trade settles weekdays after its day in UTC, as the instrument's cycle says.",
                OURS,
                "no calendars of holidays",
            ),
            "N5": Rule(
                "Holdings are opening positions and what is booked, by trade and settlement date.",
                OURS,
            ),
            "N6": Rule("Open orders and allocations that are not booked add a line and one of cash.", OURS),
            "N7": Rule("A quote is found, not found, or asked for in a way that makes no sense.", DOCUMENTED),
            "N8": Rule(
                "What surrounds orders is read-only.",
                OURS,
                "LUSID takes changes; the demo's data stay",
            ),
        },
    ),
    RuleFamily(
        "Filters",
        "tui.oms.query.conditions",
        {
            "F1": Rule("A missing value matches only not exists.", DOCUMENTED),
            "F2": Rule("Dates without a zone are UTC; numbers compare as numbers, text as text.", OURS),
            "F3": Rule("A condition on a list matches if any element does, or as any and all say.", OURS),
            "F4": Rule("An unparsable filter is refused with 233, an unknown field with 151.", OURS),
            "F5": Rule(
                "The filters of LUSID's own examples find what they describe.",
                DOCUMENTED,
                "changes are found at once; the real service may take seconds",
            ),
        },
    ),
)
"""The rules by their families, in the order of the contract."""

RULES: Final[Mapping[str, Rule]] = {
    number: rule for group in RULE_FAMILIES for number, rule in group.rules.items()
}
