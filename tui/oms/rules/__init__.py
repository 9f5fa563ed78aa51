"""The domain rules: pure functions over a :class:`~tui.oms.domain.unit_of_work.UnitOfWork`.

Rules (``C2``) and sections (2.0) are those of ``tests/contract/ORDER_MANAGEMENT.md``. Each family of rules,
one letter of the contract, has one home module, named by :mod:`tui.oms.fidelity`; functions that several
families need have modules of their own.

There is no SQL and no HTTP here. A rule reads and puts entities in the unit of work and either returns or
raises :class:`~tui.oms.domain.refusals.Refusal`, which names the rule of the contract it enforces.
"""
