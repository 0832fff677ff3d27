"""Episodes of fixed seeds, as they were when they were first recorded.

If they change on purpose, raise `gpicl.tasks.EPISODES_VERSION`: runs, seen tasks and tests of other episodes are then
told apart. `python tests/tasks/test_reference_episodes.py` renews the record.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from gpicl.data import FeatureDataset
from gpicl.tasks import EPISODES_VERSION, Episodes, TaskAugmentor
from gpicl.tasks.widenings import WIDENINGS

REFERENCES = Path(__file__).with_name("reference_episodes.json")
CASES = {
    "seen, unlimited": ({}, "seen"),
    "seen, 16 tasks": ({"num_tasks": 16}, "seen"),
    "unseen": ({}, "unseen"),
    "identity": ({}, "identity"),
    **{name: ({"widen": {name: 1.0}}, "seen") for name in WIDENINGS},
}


def episodes(case: str) -> Episodes:
    options, kind = CASES[case]
    numbers = np.sin(np.arange(40 * 6) ** 1.5).reshape(40, 6).astype(np.float32)
    data = FeatureDataset(numbers, np.arange(40) % 4, ("a", "b", "c", "d"), "waves", mean=0.0, std=0.7)
    return TaskAugmentor(data, length=8, seed=7, num_classes=2 if case == "merging" else 4, **options).episodes(
        [0, 1000], kind
    )


@pytest.mark.parametrize("case", CASES)
def test_the_same_seed_makes_the_episodes_that_it_made_before(case):
    record = json.loads(REFERENCES.read_text())
    assert record["version"] == EPISODES_VERSION, "renew the record with the command above"
    made, expected = episodes(case), record["episodes"][case]
    message = "Episodes have changed. If on purpose, raise EPISODES_VERSION and renew the record."
    np.testing.assert_array_equal(made.labels, expected["labels"], err_msg=message)
    np.testing.assert_allclose(made.inputs, expected["inputs"], atol=1e-4, err_msg=message)


def renew() -> None:
    made = {case: episodes(case) for case in CASES}
    found = {
        case: {"labels": each.labels.tolist(), "inputs": each.inputs.double().numpy().round(5).tolist()}
        for case, each in made.items()
    }
    REFERENCES.write_text(json.dumps({"version": EPISODES_VERSION, "episodes": found}) + "\n")


if __name__ == "__main__":
    renew()
