"""Many visitors at once, each with a lesson of their own."""

import asyncio
import os
from pathlib import Path

import httpx
import numpy as np
import pytest

from gpicl import InContextClassifier
from gpicl.demo import limits
from gpicl.demo.drawing import as_picture, inputs_of

REQUESTS = 20
MEBIBYTE = 2**20


def memory_of(process) -> int:
    """Bytes of memory that a process holds."""
    resident = Path(f"/proc/{process.pid}/statm").read_text().split()[1]
    return int(resident) * os.sysconf("SC_PAGESIZE")


def sign(visitor: int, label: int, seed: int) -> list[list[int]]:
    """Every visitor has two signs that nobody else has, of 5x5 blocks, and draws them with a few slips."""
    blocks = np.random.default_rng([visitor, label]).integers(0, 2, (5, 5))
    slips = np.random.default_rng([visitor, label, seed]).random((5, 5)) < 0.1
    return (255 * (blocks ^ slips)).repeat(4, 0).repeat(4, 1).tolist()


def lesson(visitor: int) -> list[tuple[list[list[int]], int]]:
    """The drawings that a visitor teaches, with their labels."""
    return [(sign(visitor, i % 2, i), i % 2) for i in range((REQUESTS - 2) // 2)]


async def visit(address: str, visitor: int) -> list[float]:
    """Rename a class, look at nine drawings and teach each of them, and ask about one more."""
    async with httpx.AsyncClient(base_url=address, timeout=None) as client:

        async def ask(method, path, body):
            answer = await client.request(method, f"/api/{path}", json=body)
            answer.raise_for_status()
            return answer.json()

        await ask("PATCH", "classes/0", {"name": f"sign of visitor {visitor}"})
        for drawing, label in lesson(visitor):
            seen = await ask("POST", "predictions", {"drawing": drawing})
            taught = await ask("POST", "examples", {"drawing": drawing, "label": label})
            assert taught["predicted"] == seen["predicted"], "as it had been shown"
        found = [(each["name"], each["count"]) for each in taught["session"]["classes"]]
        assert found == [(f"sign of visitor {visitor}", 5), ("B", 4)]
        return (await ask("POST", "predictions", {"drawing": sign(visitor, 0, 99)}))["probabilities"]


def expected(visitor: int) -> np.ndarray:
    """What a classifier says that has been taught by this visitor alone."""
    drawings, labels = zip(*lesson(visitor), strict=True)
    classifier = InContextClassifier().fit(inputs_of([as_picture(drawing) for drawing in drawings], False), labels)
    return classifier.predict_proba(inputs_of([as_picture(sign(visitor, 0, 99))], False))[0]


@pytest.mark.parametrize("visitors", [12, pytest.param(50, marks=pytest.mark.slow)])
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from Linux's /proc")
def test_nobody_is_refused_or_given_what_another_taught_and_memory_stays(server, visitors):
    address, process = server

    async def all_at_once():
        return await asyncio.gather(*(visit(address, visitor) for visitor in range(visitors)))

    httpx.post(f"{address}/api/start", json={"examples": "digits"}, timeout=None).raise_for_status()
    before = memory_of(process)
    answers = asyncio.run(all_at_once())
    grown = memory_of(process) - before
    for visitor in range(0, visitors, 7):
        np.testing.assert_allclose(answers[visitor], expected(visitor), rtol=1e-6)
    assert len({tuple(answer) for answer in answers}) == visitors
    # What was fitted on the way is kept: examples of up to 330 kB each. A session of 9 drawings is less than 1 MB.
    assert grown < limits.FITTED_EXAMPLES * 330e3 + visitors * MEBIBYTE
