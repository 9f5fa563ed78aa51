"""The worked scenario of the contract's section 8, as calls: the example requests, in their order."""

from __future__ import annotations

from typing import Any, Final

import httpx

from tests.paths import EXAMPLES

MANAGE: Final = "/api/ordermanagement"

STEPS: Final[dict[str, str]] = {
    "01_create_orders": f"{MANAGE}/createorders",
    "02_move_orders": f"{MANAGE}/moveorders",
    "03_update_orders": f"{MANAGE}/updateorders",
    "04_place_blocks": f"{MANAGE}/placeblocks",
    "05_update_placements": f"{MANAGE}/$updateplacements",
    "06_cancel_placements": f"{MANAGE}/$cancelplacements",
    "07_cancel_orders": f"{MANAGE}/cancelorders",
    "08_upsert_executions": "/api/executions",
    "09_run_allocation_service": f"{MANAGE}/allocate",
    "11_book_transactions": f"{MANAGE}/booktransactions",
}


def body_of(step: str) -> bytes:
    return (EXAMPLES / f"{step}.request.json").read_bytes()


async def play(server: httpx.AsyncClient, last: str = "11_book_transactions") -> dict[str, Any]:
    """Carry out the scenario's steps up to ``last`` and return the reply of each."""
    answers = {}
    for step, path in STEPS.items():
        answer = await server.post(
            path, content=body_of(step), headers={"content-type": "application/json-patch+json"}
        )
        assert answer.is_success, answer.text
        answers[step] = answer.json()
        if step == last:
            break
    return answers
