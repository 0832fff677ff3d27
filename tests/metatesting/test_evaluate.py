"""Meta-testing counts what is right, position by position, and says how sure it is."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats

from gpicl.errors import GpiclError, TaskError
from gpicl.learners import MLP, Learner, build_learner
from gpicl.metatesting import evaluate, reference_table, wilson_interval


class Oracle(Learner):
    """Cheats: it looks at the labels, and is right at every second position."""

    def forward(self, inputs, labels):
        one_hot = torch.nn.functional.one_hot(labels, self.num_classes).float()
        one_hot[:, 1::2] = one_hot[:, 1::2].roll(1, 2)
        return 10 * one_hot

    def state_size(self, length: int = 100) -> int:
        return 0


def test_accuracy_is_counted_at_every_position(features):
    table = evaluate(Oracle(36, 4), {"patterns": features}, episodes=50, length=6, batch=16)
    assert table["position"].tolist() == [1, 2, 3, 4, 5, 6]
    assert table["accuracy"].tolist() == [1, 0, 1, 0, 1, 0]
    assert table["loss"].iloc[0] < 0.001 < 9 < table["loss"].iloc[1]
    assert (table["episodes"] == 50).all()
    assert set(table["dataset"]) == {"patterns"}


def test_the_batch_changes_nothing(features):
    torch.manual_seed(0)
    learner = build_learner("ValueTransformer", 36, 4, layers=1, width=16, heads=1, key_size=8)
    tables = [
        evaluate(learner, {"a": features}, episodes=40, length=10, batch=batch, precision="fp32") for batch in (7, 40)
    ]
    assert tables[0]["accuracy"].equals(tables[1]["accuracy"])


def test_every_kind_of_task_is_reported_apart(features):
    kinds = ["seen", "unseen", "identity"]
    table = evaluate(Oracle(36, 4), {"a": features, "b": features}, tasks=kinds, num_tasks=4, episodes=4, length=3)
    assert table.groupby(["dataset", "tasks"]).size().to_dict() == {(d, k): 3 for d in "ab" for k in kinds}


def test_seen_tasks_of_an_unlimited_number_are_refused(features):
    with pytest.raises(TaskError, match="num_tasks"):
        evaluate(Oracle(36, 4), {"a": features}, tasks=["seen"], episodes=4)


def test_data_that_the_learner_cannot_hold_is_refused(features):
    with pytest.raises(GpiclError, match="36 features, more than the 9"):
        evaluate(Oracle(9, 4), {"a": features}, tasks=["identity"], episodes=4)


def test_wilsons_interval_covers_the_truth_as_often_as_it_says():
    successes = np.arange(0, 101)
    low, high = wilson_interval(successes, 100)
    for truth in (0.02, 0.3, 0.5, 0.95):
        covered = stats.binom.pmf(successes, 100, truth)[(low <= truth) & (truth <= high)].sum()
        assert covered == pytest.approx(0.95, abs=0.03)
    assert low[0] == pytest.approx(0, abs=1e-12)
    assert high[100] == pytest.approx(1)


def test_reference_rows_are_those_of_the_paper():
    table = reference_table()
    row = table[(table["learner"] == "GPICL Transformer") & (table["dataset"] == "fashion_mnist")]
    assert row["accuracy"].item() == pytest.approx(0.6224)
    assert set(table["source"]) == {"paper", "earlier reproduction"}


class _Hungry(MLP):
    """Runs out of memory above three episodes at once."""

    def forward(self, inputs, labels):
        if len(inputs) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return super().forward(inputs, labels)


def test_out_of_memory_halves_the_batch_and_changes_nothing(features):
    torch.manual_seed(0)
    learner = _Hungry(36, 4, width=8)
    notes, done = [], []
    small = evaluate(learner, {"a": features}, episodes=10, length=6, batch=3, precision="fp32")
    halved = evaluate(
        learner,
        {"a": features},
        episodes=10,
        length=6,
        batch=8,
        precision="fp32",
        on_note=notes.append,
        on_progress=lambda name, count, accuracy: done.append(count),
    )
    pd.testing.assert_frame_equal(small, halved)
    assert done == [2, 4, 6, 8, 10]
    assert notes[-1] == "Out of memory with 4 episodes at once; continuing with 2 at once."
