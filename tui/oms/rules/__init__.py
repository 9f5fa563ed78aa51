"""The domain rules: pure functions over a :class:`~tui.oms.domain.unit_of_work.Book`, one module per family.

A family is a letter of the contract, from L1 (an order is blocked, placed, executed, allocated, booked) on;
:mod:`tui.oms.fidelity` says which module is its home. What several families need has modules of its own.

No SQL and no HTTP here. A rule reads and puts entities in the book and either returns or raises
:class:`~tui.oms.domain.refusals.Refusal`, naming the rule of the contract it enforces.
"""
