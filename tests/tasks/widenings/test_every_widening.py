"""What is true of every widening."""

import numpy as np
import pytest
import torch

from gpicl.data import FeatureDataset
from gpicl.errors import TaskError, UnknownNameError
from gpicl.tasks import Interventions, TaskAugmentor
from gpicl.tasks.widenings import WIDENINGS, Batch, Widening, build_widenings
from gpicl.tasks.widenings.widening import Setting

every = pytest.mark.parametrize("name", WIDENINGS)
of_data = pytest.mark.parametrize(
    "name", [n for n in WIDENINGS if n not in ("label_noise", "merging", "invention", "table")]
)


def plain_and(features, name, probability, **options):
    options = {"length": 20, "num_classes": 2, **options}
    return TaskAugmentor(features, **options), TaskAugmentor(features, widen={name: probability}, **options)


def differ(a, b):
    return ((a.inputs != b.inputs).flatten(1).any(1) | (a.labels != b.labels).any(1)).numpy()


@every
def test_unseen_tasks_have_none_whatever_they_are_called_by(features, name):
    plain, widened = plain_and(features, name, 1.0, num_tasks=8)
    for kind in ("unseen", "identity"):
        assert not differ(plain.episodes(range(5), kind), widened.episodes(range(5), kind)).any()
    beyond = [8, 9, 100, 2**40]
    assert not differ(plain.episodes_of(beyond, range(4)), widened.episodes_of(beyond, range(4))).any()
    assert differ(plain.episodes_of(range(8), range(8)), widened.episodes_of(range(8), range(8))).all()


def test_unseen_tasks_have_no_intervention_either(features):
    tasks = TaskAugmentor(features, num_tasks=8, length=20)
    biased = Interventions(permutation_probability=0.0, repetition_probability=1.0)
    assert not differ(tasks.episodes_of([8, 9], [0, 1]), tasks.episodes_of([8, 9], [0, 1], biased)).any()


@every
def test_the_coin_belongs_to_the_task(features, name):
    plain, widened = plain_and(features, name, 0.4, num_tasks=1000, length=30)
    found = []
    for draw in (0, 1):
        draws = [draw] * 1000
        found.append(differ(plain.episodes_of(range(1000), draws), widened.episodes_of(range(1000), draws)))
    # A rate of label noise may be so low that none of 30 labels changes; it is in 16 % of the noisy tasks.
    visible = 0.84 if name == "label_noise" else 1.0
    assert np.mean(found[0]) == pytest.approx(0.4 * visible, abs=0.05)
    assert (found[0] != found[1]).mean() < (0.1 if name == "label_noise" else 1e-9)


@every
def test_a_higher_probability_only_ever_widens_more_tasks(features, name):
    draws = range(200)
    plain, some = plain_and(features, name, 0.3, num_tasks=200)
    more = plain_and(features, name, 0.7, num_tasks=200)[1]
    base = plain.episodes_of(draws, draws)
    few, many = some.episodes_of(draws, draws), more.episodes_of(draws, draws)
    assert (differ(base, many) | ~differ(base, few)).all()


@of_data
def test_labels_stay_as_they_are_where_only_inputs_are_widened(features, name):
    plain, widened = plain_and(features, name, 1.0)
    assert torch.equal(plain.episodes(range(20)).labels, widened.episodes(range(20)).labels)


@every
@pytest.mark.parametrize("num_tasks", [None, 8])
def test_widened_inputs_are_finite_and_about_as_large(features, name, num_tasks):
    episodes = plain_and(features, name, 1.0, num_tasks=num_tasks)[1].episodes(range(300))
    assert episodes.inputs.isfinite().all()
    assert 0.3 < episodes.inputs.var().item() < 8


@every
def test_constant_inputs_give_finite_ones(name):
    images = np.zeros((40, 16), dtype=np.uint8)
    images[0, 0] = 255  # the data set varies, its episodes hardly ever do
    flat = FeatureDataset.from_arrays(images, np.arange(40) % 4, image_shape=(4, 4, 1))
    assert TaskAugmentor(flat, length=10, widen={name: 1.0}).episodes(range(30)).inputs.isfinite().all()


@every
def test_the_same_tasks_of_other_examples_are_widened_alike(features, name):
    """What a meta-test of seen tasks is made of: shown the same examples under another name, nothing changes."""
    tasks = TaskAugmentor(features, num_tasks=8, length=20, num_classes=2, widen={name: 1.0})
    other = tasks.on(features, answerable=False)
    assert not differ(tasks.episodes(range(10)), other.episodes(range(10))).any()


@every
def test_seen_tasks_can_be_tested_with_episodes_of_another_length(features, name):
    tasks = TaskAugmentor(features, num_tasks=8, length=20, num_classes=2, widen={name: 1.0})
    for length in (7, 31):
        episodes = tasks.on(features, length=length).episodes(range(20))
        assert episodes.inputs.shape == (20, length, 36)
        assert episodes.labels.shape == (20, length)


def test_what_makes_labels_wrong_is_left_out_where_they_are_to_be_answered(features):
    plain, noisy = plain_and(features, "label_noise", 1.0, num_tasks=8)
    assert not differ(plain.episodes(range(10)), noisy.on(features).episodes(range(10))).any()


def test_other_examples_have_the_basis_of_those_that_the_tasks_were_made_from(features):
    """A random spectrum belongs to the task, so it does not change with the examples that are shown."""
    half = FeatureDataset.from_arrays(features.features[:80], features.labels[:80], features.classes)
    tasks = TaskAugmentor(features, num_tasks=4, length=20, widen={"spectrum": 1.0})
    shown = tasks.on(half).episodes_of([1], [5]).inputs[0]
    every = torch.cat([tasks.episodes_of([1], [n]).inputs[0] for n in range(60)])
    of_half = tasks.on(FeatureDataset(half.features, half.labels, half.classes, "half", features.mean, features.std))
    shown_of_half = of_half.episodes_of([1], [5]).inputs[0]
    nearest = torch.cdist(shown_of_half, every, compute_mode="donot_use_mm_for_euclid_dist").min(1).values
    assert nearest.max() < 1e-3
    assert shown.isfinite().all()


def test_other_examples_of_another_width_are_refused(features):
    narrow = FeatureDataset.from_arrays(features.features[:, :9], features.labels, features.classes)
    with pytest.raises(TaskError, match=r"need examples with 36 features, but .* have 9"):
        TaskAugmentor(features).on(narrow)


@every
def test_an_impossible_probability_is_refused(features, name):
    for wrong in (-0.1, 1.5):
        with pytest.raises(TaskError, match=rf"tasks.widen.{name} must be from 0 to 1, not {wrong}"):
            TaskAugmentor(features, widen={name: wrong})
    for wrong in ("often", None, True, {"options": 1}):
        with pytest.raises(TaskError, match=f"tasks.widen.{name} must be a probability"):
            TaskAugmentor(features, widen={name: wrong})


def test_unknown_names_and_options_are_refused(features):
    with pytest.raises(UnknownNameError, match=r"Did you mean 'spectrum'"):
        TaskAugmentor(features, widen={"spectra": 0.5})
    with pytest.raises(UnknownNameError, match=r"option of invention: 'layer'.*'layers'"):
        TaskAugmentor(features, widen={"invention": {"probability": 0.5, "layer": 1}})
    with pytest.raises(TaskError, match=r"Cannot import the widening 'nowhere\.Mine'"):
        TaskAugmentor(features, widen={"nowhere.Mine": 0.5})
    with pytest.raises(TaskError, match="not a widening"):
        TaskAugmentor(features, widen={"gpicl.data.FeatureDataset": 0.5})


def test_a_widening_of_probability_zero_costs_nothing(features):
    setting = Setting(features, 36, 4)
    assert build_widenings(dict.fromkeys(WIDENINGS, 0), setting) == []


class Doubled(Widening):
    """Inputs twice as large: a widening such as a user may write."""

    name = "doubled"

    def widen(self, batch: Batch) -> Batch:
        from dataclasses import replace

        return replace(batch, inputs=2 * batch.inputs)


def test_your_own_widening_is_named_by_its_import_path(features, monkeypatch):
    import sys
    import types

    module = types.ModuleType("my_widenings")
    module.Doubled = Doubled
    monkeypatch.setitem(sys.modules, "my_widenings", module)
    plain, doubled = plain_and(features, "my_widenings.Doubled", 1.0, num_tasks=8)
    torch.testing.assert_close(doubled.episodes(range(5)).inputs, 2 * plain.episodes(range(5)).inputs)
