"""What holds for every learner, whatever it is made of."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gpicl.errors import LearnerError
from gpicl.learners import LEARNERS, build_learner
from gpicl.metatraining.loss import all_position_loss
from gpicl.weights import load_weights, save_weights

FEATURES, CLASSES, LENGTH, BATCH = 5, 3, 7, 3

# Small enough to be tested many times; a learner that is not named here is tested as it comes.
SMALL = {
    "TokenTransformer": {"layers": 2, "width": 16, "heads": 2, "key_size": 4, "max_length": 16},
    "ValueTransformer": {"layers": 2, "width": 16, "heads": 2, "key_size": 4},
    "KernelSetTransformer": {"layers": 2, "width": 16, "class_width": 8, "heads": 2, "queries": 3},
    "LSTM": {"hidden": 16},
    "OuterProductLSTM": {"hidden": 4},
    "VSMLWithoutSymmetries": {"k": 2},
    "MAML": {"width": 8},
}

every_learner = pytest.mark.parametrize("name", sorted(LEARNERS))
seeds = st.integers(0, 2**31 - 1)


def small_learner(name: str, seed: int = 0):
    torch.manual_seed(seed)
    return build_learner(name, FEATURES, CLASSES, **SMALL.get(name, {}))


def random_episodes(seed: int, batch: int = BATCH, length: int = LENGTH):
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randn(batch, length, FEATURES, generator=generator)
    return inputs, torch.randint(CLASSES, (batch, length), generator=generator)


@every_learner
def test_logits_have_one_row_per_position_and_one_column_per_class(name):
    logits = small_learner(name)(*random_episodes(0))
    assert logits.shape == (BATCH, LENGTH, CLASSES)
    assert logits.isfinite().all()


@every_learner
@settings(max_examples=8)
@given(seed=seeds, position=st.integers(0, LENGTH - 1))
def test_the_future_never_changes_the_past(name, seed, position):
    """Changing `x` after position t, or `y` from position t on, leaves the logits up to t as they were, to the bit."""
    learner = small_learner(name)
    inputs, labels = random_episodes(seed)
    other_inputs, other_labels = random_episodes(seed + 1)
    inputs_after, labels_after = inputs.clone(), labels.clone()
    inputs_after[:, position + 1 :] = 100 * other_inputs[:, position + 1 :]
    labels_after[:, position:] = other_labels[:, position:]
    with torch.no_grad():
        before, after = learner(inputs, labels), learner(inputs_after, labels_after)
    assert torch.equal(before[:, : position + 1], after[:, : position + 1])


@every_learner
@pytest.mark.parametrize("value", [float("inf"), float("nan"), 1e30])
@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16, torch.float64])
def test_a_future_that_is_not_finite_never_changes_the_past(name, value, precision):
    """Zero times infinity is NaN: a mask of zeros hides nothing that has overflowed."""
    learner = small_learner(name)
    inputs, labels = random_episodes(0)
    if precision == torch.float64:
        learner, inputs = learner.double(), inputs.double()
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=precision == torch.bfloat16):
        before = learner(inputs, labels)
        assert before.isfinite().all()
        for position in range(LENGTH - 1):
            changed = inputs.clone()
            changed[:, position + 1 :] = value
            after = learner(changed, labels)
            assert torch.equal(before[:, : position + 1], after[:, : position + 1])
            # One episode alone, after a single such example that others follow.
            changed = inputs.clone()
            changed[0, position + 1] = value
            after = learner(changed, labels)
            assert torch.equal(before[0, : position + 1], after[0, : position + 1])
            assert torch.equal(before[1:], after[1:])


@every_learner
def test_the_past_does_change_the_future_unless_the_learner_is_a_plain_mlp(name):
    learner = small_learner(name)
    inputs, labels = random_episodes(0)
    with torch.no_grad():
        before, after = learner(inputs, labels), learner(inputs, (labels + 1) % CLASSES)
    changed = not torch.equal(before[:, -1], after[:, -1])
    assert changed == (name != "MLP")


@every_learner
@settings(max_examples=8)
@given(seed=seeds)
def test_an_episode_does_not_see_its_neighbours_in_the_batch(name, seed):
    learner = small_learner(name)
    inputs, labels = random_episodes(seed)
    other_inputs, other_labels = random_episodes(seed + 1)
    other_inputs[1], other_labels[1] = inputs[1], labels[1]
    with torch.no_grad():
        here, there = learner(inputs, labels), learner(other_inputs, other_labels)
    assert torch.equal(here[1], there[1])


@every_learner
def test_the_same_episodes_give_the_same_logits(name):
    learner = small_learner(name)
    with torch.no_grad():
        assert torch.equal(learner(*random_episodes(0)), learner(*random_episodes(0)))


@every_learner
@settings(max_examples=5)
@given(seed=seeds, scale=st.sampled_from([1e-3, 1.0, 30.0]))
def test_gradients_are_finite_for_small_and_large_inputs(name, seed, scale):
    learner = small_learner(name)
    inputs, labels = random_episodes(seed)
    parameters = list(learner.parameters())
    if not parameters:
        assert name == "SGD"
        return
    loss = all_position_loss(learner(scale * inputs, labels), labels)
    gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
    assert all(g.isfinite().all() for g in gradients if g is not None)
    assert any(g is not None and g.abs().sum() > 0 for g in gradients)


@every_learner
def test_it_runs_in_bfloat16_where_a_trainer_asks_for_it(name):
    learner = small_learner(name)
    inputs, labels = random_episodes(0)
    with torch.autocast("cpu", torch.bfloat16):
        loss = all_position_loss(learner(inputs, labels), labels)
    if loss.requires_grad:
        loss.backward()
    assert loss.isfinite()


@every_learner
def test_saved_and_loaded_it_gives_the_same_logits(name, tmp_path):
    learner = small_learner(name, seed=1).eval()
    save_weights(learner, tmp_path, note="a test")
    again = load_weights(tmp_path)
    with torch.no_grad():
        assert torch.equal(learner(*random_episodes(2)), again(*random_episodes(2)))
    assert again.options == learner.options


@every_learner
def test_its_state_is_counted(name):
    learner = small_learner(name)
    assert learner.state_size(10) >= 0
    assert (learner.state_size(10) == 0) == (name == "MLP")


@every_learner
def test_it_reads_another_size_with_the_same_weights_or_says_that_it_cannot(name):
    learner = small_learner(name)
    assert learner.with_size(FEATURES, CLASSES)(*random_episodes(0)).shape == (BATCH, LENGTH, CLASSES)
    if not learner.any_size:
        with pytest.raises(LearnerError, match=f"{FEATURES} features and {CLASSES} classes"):
            learner.with_size(FEATURES + 2, CLASSES)
        return
    wider = learner.with_size(FEATURES + 2, CLASSES + 1)
    assert [id(p) for p in wider.parameters()] == [id(p) for p in learner.parameters()]
    assert (wider.options["num_features"], wider.options["num_classes"]) == (FEATURES + 2, CLASSES + 1)
    assert (learner.num_features, learner.options["num_features"]) == (FEATURES, FEATURES)
    inputs, labels = random_episodes(0)
    assert wider(torch.nn.functional.pad(inputs, (0, 2)), labels).shape == (BATCH, LENGTH, CLASSES + 1)


@every_learner
@settings(max_examples=8)
@given(seed=seeds, length=st.integers(1, LENGTH))
def test_a_context_read_once_answers_as_if_each_query_were_appended_to_it(name, seed, length):
    learner = small_learner(name, seed % 5)
    inputs, labels = random_episodes(seed, length=length)
    queries, _ = random_episodes(seed + 1, length=4)
    with torch.no_grad():
        logits, memory = learner.encode_context(inputs, labels)
        answers = learner.query(memory, queries)
        if learner.ordered:
            torch.testing.assert_close(logits, learner(inputs, labels), atol=1e-6, rtol=1e-6)
        for i in range(4):
            appended = torch.cat([inputs, queries[:, i : i + 1]], 1)
            alone = learner(appended, torch.cat([labels, labels[:, :1]], 1))[:, -1]
            torch.testing.assert_close(answers[:, i], alone, atol=1e-5, rtol=1e-5)


@every_learner
@settings(max_examples=8)
@given(seed=seeds, example=st.integers(0, LENGTH - 1))
def test_a_context_is_predicted_without_the_labels_that_are_predicted(name, seed, example):
    learner = small_learner(name, seed % 5)
    inputs, labels = random_episodes(seed)
    others = labels.clone()
    others[:, example] = (labels[:, example] + 1) % CLASSES
    with torch.no_grad():
        before, after = learner.encode_context(inputs, labels).logits, learner.encode_context(inputs, others).logits
    torch.testing.assert_close(before[:, example], after[:, example], atol=1e-6, rtol=1e-6)


@every_learner
def test_a_few_positions_are_predicted_as_all_are(name):
    learner = small_learner(name)
    inputs, labels = random_episodes(0)
    with torch.no_grad():
        assert torch.equal(learner.predict(inputs, labels, [1, 4, LENGTH]), learner(inputs, labels)[:, [0, 3, -1]])


@every_learner
def test_a_rehearsal_is_a_function_of_its_step_and_asks_for_labels_of_the_episode(name):
    learner = small_learner(name)
    inputs, labels = random_episodes(0)
    with torch.no_grad():
        for step in range(4):
            (logits, asked), (again, _) = (learner.training_logits(inputs, labels, step) for _ in range(2))
            assert torch.equal(logits, again)
            assert logits.shape == (*asked.shape, CLASSES)
            assert any(torch.equal(asked, part) for part in labels.unfold(1, asked.shape[1], 1).unbind(1))


@every_learner
def test_it_answers_in_double_precision_where_the_classifier_asks_for_it(name):
    learner = small_learner(name).double()
    inputs, labels = random_episodes(0)
    with torch.no_grad():
        answers = learner.query(learner.encode_context(inputs.double(), labels).memory, inputs.double())
    assert answers.dtype == torch.float64
    assert answers.shape == (BATCH, LENGTH, CLASSES)


@every_learner
def test_what_an_answer_takes_is_estimated_and_grows_with_the_context(name):
    learner = small_learner(name)
    assert 0 < learner.query_size(10) < learner.query_size(100)
