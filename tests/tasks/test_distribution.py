"""The tasks have the distribution that the paper defines."""

import numpy as np
import pytest
import torch
from scipy import stats

from gpicl.data import FeatureDataset, load_dataset, preprocess
from gpicl.tasks import Interventions, TaskAugmentor
from gpicl.tasks.labels import classes_behind
from gpicl.tasks.projection import covariance, covariance_root, normalise, project_afresh, project_by_id
from gpicl.tasks.randomness import Numbers, Stream


def numbers_of(tasks, stream=Stream.NAMED):
    """The random numbers of these tasks."""
    tasks = torch.tensor(list(tasks))
    return Numbers(0, stream, tasks, tasks)


def pixels_of(features, rows, repeats=1):
    x = torch.from_numpy(features.features[:rows])
    return x.expand(repeats, -1, -1)


def test_a_projection_has_mean_zero_and_variance_one_over_the_number_of_inputs():
    inputs = torch.eye(50).expand(200, 50, 50)
    matrices = project_by_id(inputs, numbers_of(range(200)), num_features=40)
    assert matrices.mean().item() == pytest.approx(0, abs=4 / np.sqrt(50 * matrices.numel()))
    assert matrices.var().item() == pytest.approx(1 / 50, rel=0.01)
    assert stats.kstest(matrices.flatten()[:5000] * np.sqrt(50), "norm").pvalue > 1e-3


def test_normalised_inputs_of_unit_variance_stay_so(features):
    tasks = TaskAugmentor(features, length=30)
    assert tasks.episodes(range(400), "unseen").inputs.var().item() == pytest.approx(1.0, rel=0.05)
    assert tasks.episodes(range(400), "identity").inputs.var().item() == pytest.approx(1.0, rel=0.05)


def test_the_covariance_of_pixels_is_exact(features):
    pixels = pixels_of(features, 20)[None, 0]
    x = (pixels.double() - features.mean) / features.std
    assert torch.allclose(covariance(pixels, features.mean, features.std), x @ x.mT / 36, rtol=0, atol=1e-13)


def test_the_covariance_of_wide_images_is_exact_too():
    pixels = torch.randint(0, 256, (2, 5, 3072), dtype=torch.uint8)
    x = (pixels.double() - 100.0) / 50.0
    assert torch.allclose(covariance(pixels, 100.0, 50.0), x @ x.mT / 3072, rtol=0, atol=1e-12)


def test_sampling_without_the_matrix_has_the_distribution_of_sampling_with_it(features):
    """Exact against dense: covariances agree, and so does the law of every entry and of a joint statistic."""
    rows, repeats, width = 12, 3000, 4
    pixels = pixels_of(features, rows, repeats)
    x = normalise(pixels, features.mean, features.std)
    dense = project_by_id(x, numbers_of(range(repeats)), width)
    tasks = numbers_of(range(10**6, 10**6 + repeats))
    exact = project_afresh(pixels, features.mean, features.std, tasks, width)
    expected = (x[0] @ x[0].T / x.shape[2]).numpy()
    for sample in (dense, exact):
        found = torch.einsum("brf,bsf->rs", sample, sample).numpy() / (repeats * width)
        spread = np.sqrt((expected**2 + np.outer(expected.diagonal(), expected.diagonal())) / (repeats * width))
        assert np.abs((found - expected) / spread).max() < 4.5
    for row in range(rows):
        assert stats.ks_2samp(dense[:, row].flatten(), exact[:, row].flatten()).pvalue > 1e-4
    distances = [(sample[:, 0] - sample[:, 1]).square().sum(1) for sample in (dense, exact)]
    assert stats.ks_2samp(*distances).pvalue > 1e-4


def test_repeated_images_stay_equal_under_a_fresh_projection(features):
    pixels = pixels_of(features, 10)[None, 0].repeat(1, 2, 1)
    projected = project_afresh(pixels, features.mean, features.std, numbers_of([0]), 36)
    assert projected.isfinite().all()
    torch.testing.assert_close(projected[:, :10], projected[:, 10:], atol=1e-3, rtol=0)


def test_projections_may_narrow_and_widen(features):
    for width in (5, 100):
        assert TaskAugmentor(features, length=10, num_features=width).episodes(range(2)).inputs.shape == (2, 10, width)


@pytest.mark.parametrize("rank", [0, 1, 3])
def test_examples_of_few_dimensions_have_a_root_and_no_nan(rank):
    x = torch.randn(5, 30, rank, dtype=torch.float64) if rank else torch.zeros(5, 30, 1, dtype=torch.float64)
    expected = x @ x.mT
    root = covariance_root(expected.clone())
    assert root.isfinite().all()
    torch.testing.assert_close(root @ root.mT, expected, atol=1e-8, rtol=0)


def test_label_permutations_are_uniform():
    behind = classes_behind(numbers_of(range(1000)), 4, 4)
    seen = torch.stack([torch.bincount(column, minlength=4) for column in behind.T])
    assert stats.chisquare(seen.flatten()).pvalue > 1e-3


@pytest.mark.parametrize("probability", [0.0, 0.1, 0.5, 1.0])
def test_the_bias_intervention_permutes_the_labels_of_that_share_of_the_tasks(probability):
    behind = classes_behind(numbers_of(range(4000)), 10, 10, probability)
    identity = (behind == torch.arange(10)).all(1)
    assert identity.float().mean().item() == pytest.approx(1 - probability, abs=0.03)


def test_annealing_the_bias_only_ever_turns_tasks_to_their_own_permutation():
    stages = [classes_behind(numbers_of(range(50)), 10, 10, p).tolist() for p in (0.0, 0.2, 0.5, 1.0)]
    for seen in zip(*stages, strict=True):
        own = seen[-1]
        assert all(behind in (list(range(10)), own) for behind in seen)
        assert list(seen) == sorted(seen, key=lambda behind: behind == own)


def test_examples_are_drawn_at_random_and_not_twice(features):
    episodes = TaskAugmentor(features, length=100).episodes(range(50), "identity")
    assert all(len(torch.unique(e, dim=0)) == 100 for e in episodes.inputs)
    counts = torch.stack([torch.bincount(labels, minlength=4) for labels in episodes.labels]).float()
    assert counts.std(0).min() > 1, "class counts vary as in random draws"


@pytest.mark.parametrize("count", [60, 61, 100, 1000])
def test_every_set_of_examples_is_as_likely(count):
    """Whether there are many examples to choose from or barely enough, all are chosen equally often and once."""
    labels = np.arange(count) % 2
    numbered = FeatureDataset.from_arrays(np.arange(count, dtype=np.float32)[:, None], labels)
    inputs = TaskAugmentor(numbered, length=60).episodes(range(400), "identity").inputs
    shown = (inputs[..., 0] * numbered.std + numbered.mean).round().long()
    assert all(len(row.unique()) == 60 for row in shown)
    assert stats.chisquare(torch.bincount(shown.flatten(), minlength=count)).pvalue > 1e-3
    assert stats.chisquare(torch.bincount(shown[:, 0], minlength=count)).pvalue > 1e-3, "at the first position too"


def test_examples_repeat_where_there_are_too_few():
    random = np.random.default_rng(0)
    few = FeatureDataset.from_arrays(random.normal(size=(6, 3)).astype(np.float32), [0, 1, 0, 1, 0, 1])
    assert TaskAugmentor(few, length=50).episodes([0]).inputs.shape == (1, 50, 3)


def test_labels_belong_to_their_images(features):
    """The permutation is applied to the labels of the images that are shown, and to no others."""
    tasks = TaskAugmentor(features, length=40, num_tasks=10)
    episodes = tasks.episodes_of([7], [0])
    raw = torch.from_numpy(features.normalised(np.arange(300)))
    projected = project_by_id(raw[None], numbers_of([7]), 36)[0]
    nearest = torch.cdist(episodes.inputs[0], projected).argmin(1)
    behind = classes_behind(numbers_of([7]), 4, 4)[0].numpy()
    assert np.array_equal(behind[episodes.labels[0].numpy()], features.labels[nearest.numpy()])


def test_fewer_labels_than_classes_makes_tasks_about_some_of_the_classes(features):
    episodes = TaskAugmentor(features, length=50, num_classes=2).episodes(range(20))
    assert set(episodes.labels.unique().tolist()) == {0, 1}


def test_fewer_labels_at_a_step_have_a_class_each(features):
    for labels in (2, 3, 7):
        tasks = TaskAugmentor(features, length=100, num_classes=10)
        found = tasks.episodes(range(20), interventions=Interventions(num_classes=labels)).labels
        assert found.max() < labels
        assert all(len(row.unique()) == min(labels, 4) for row in found)


def test_fewer_labels_at_a_step_do_not_make_examples_repeat():
    numbered = FeatureDataset.from_arrays(np.arange(200, dtype=np.float32)[:, None], np.arange(200) % 10)
    tasks = TaskAugmentor(numbered, length=40)
    shown = tasks.episodes(range(200), interventions=Interventions(num_classes=2)).inputs
    assert all(len(row.unique(dim=0)) == 40 for row in shown)


def test_more_labels_than_classes_leaves_some_labels_unused(features):
    episodes = TaskAugmentor(features, length=100, num_classes=10).episodes(range(40))
    assert all(len(labels.unique()) <= 4 for labels in episodes.labels)
    assert len(episodes.labels.unique()) == 10


def test_the_noise_data_set_is_redrawn_for_every_episode_and_image_k_is_labelled_k():
    noise = preprocess(load_dataset("random"), size=6, channels=1)
    tasks = TaskAugmentor(noise, length=60)
    first, second = tasks.episodes([0, 1], "identity").inputs
    assert not torch.isin(first, second).all()
    episode = tasks.episodes([0], "identity")
    for label in episode.labels.unique():
        assert len(torch.unique(episode.inputs[0][episode.labels[0] == label], dim=0)) == 1


def test_an_episode_that_repeats_shows_ten_examples_throughout(features):
    tasks = TaskAugmentor(features, length=80)
    always = tasks.episodes(range(20), interventions=Interventions(repetition_probability=1.0))
    assert all(len(torch.unique((e * 1e3).round(), dim=0)) <= 10 for e in always.inputs)
    never = tasks.episodes(range(20))
    half = tasks.episodes(range(20), interventions=Interventions(repetition_probability=0.5))
    same = [torch.equal(a, b) for a, b in zip(never.inputs, half.inputs, strict=True)]
    assert 3 < sum(same) < 17, "the coin leaves the other episodes as they were"


@pytest.mark.parametrize("number", [1, 2, 30])
def test_an_episode_repeats_as_many_examples_as_requested(features, number):
    interventions = Interventions(repetition_probability=1.0, repeated_images=number)
    episodes = TaskAugmentor(features, length=80).episodes(range(20), interventions=interventions)
    shown = [len(torch.unique((e * 1e3).round(), dim=0)) for e in episodes.inputs]
    assert max(shown) <= number
    assert min(shown) > number / 2
