"""Every experiment at every scale: its grid can be laid out, and is what its page promises."""

from pathlib import Path

import pytest

from gpicl.errors import ConfigError, UnknownNameError
from gpicl.experiments import EXPERIMENTS
from gpicl.experiments.reproduction import SCALES, Settings, find_experiment, find_sources
from gpicl.learners import build_learner


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_run_of_a_grid_has_a_place_and_a_learner_that_can_be_built(name, scale, tmp_path):
    settings = Settings(scale, find_sources(scale, None), tmp_path)
    runs = find_experiment(name).grid(settings)
    assert len(runs) >= 2
    places = [tuple(run.keys.items()) for run in runs]
    if name != "comparison":
        assert len(set(places)) == len(places)
    kinds = {(run.config.learner.name, str(run.config.learner.options)): run.config for run in runs}
    for config in list(kinds.values()) if scale != "gpu" else []:
        build_learner(config.learner.name, 16, 10, **config.learner.options)
    assert {run.config.training.minutes for run in runs} == {None}, "runs counted in steps are exact to the bit"


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_more_seeds_are_more_runs_and_the_first_ones_stay_the_same(name, tmp_path):
    few, many = (
        find_experiment(name).grid(Settings("laptop", {}, tmp_path, seeds=seeds)) for seeds in (1, 2)
    )  # fmt: skip
    folders = [{run.folder(tmp_path) for run in runs} for runs in (few, many)]
    assert folders[0] < folders[1]
    if name == "plateau":  # its grids that change several things together always have one seed
        assert {run.folder(tmp_path) for run in many if run.keys["seed"] == 0} == folders[0]
    else:
        assert len(folders[1]) == 2 * len(folders[0])


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_finitely_many_tasks_have_small_images_on_a_gpu_too(name, tmp_path):
    """Their matrices are drawn again at every step, which takes longer than the step for the paper's 3,072 features."""
    runs = find_experiment(name).grid(Settings("gpu", find_sources("gpu", None), tmp_path))
    data = [run.config.data for run in runs if run.config.tasks.num_tasks is not None]
    assert all((each.size or 28) ** 2 * (each.channels or 1) <= 28**2 for each in data)


def test_the_laptop_grids_are_large_enough(tmp_path):
    settings = Settings("laptop", {}, tmp_path)
    transition = find_experiment("transition").grid(settings)
    assert len({run.keys["num_tasks"] for run in transition}) >= 8
    parts = {(run.keys["learner"], run.keys["trained_on"]) for run in transition}
    assert {("TokenTransformer", "mnist"), ("ValueTransformer", "fashion_mnist")} < parts
    for learner in ("TokenTransformer", "ValueTransformer"):  # at the jump
        places = [run.keys["num_tasks"] for run in transition if run.keys["learner"] == learner]
        assert max(places.count(count) for count in places) >= 16
    learners = {run.keys["learner"] for run in find_experiment("heatmap").grid(settings)}
    assert learners == {"MLP", "TokenTransformer", "ValueTransformer"}
    axes = {run.keys["axis"] for run in find_experiment("plateau").grid(settings)}
    assert len(axes) == 10


def test_runs_that_begin_with_others_come_after_them_and_differ_in_nothing_else(tmp_path):
    runs = find_experiment("initialisation").grid(Settings("laptop", {}, tmp_path))
    places = {run.folder(tmp_path): place for place, run in enumerate(runs)}
    assert len(places) == len(runs), "also of those whose weights to begin with are not there yet"
    for place, run in enumerate(runs):
        assert run.waits == (run.keys["begins"] != "random")
        if run.waits:
            base = runs[places[Path(run.config.init)]]
            assert places[Path(run.config.init)] < place
            assert base.keys["seed"] == run.keys["seed"]
            assert base.keys["num_tasks"] == {"memorising": 2**4, "generalising": 2**14}[run.keys["begins"]]


def test_data_sets_are_replaced_by_name():
    sources = find_sources("laptop", "mnist=files/mnist.npz,fashion_mnist=mnist_5k")
    settings = Settings("laptop", sources)
    assert settings.source("mnist") == "mnist=files/mnist.npz"
    assert settings.label("mnist") == "mnist"
    assert settings.source("fashion_mnist") == settings.label("fashion_mnist") == "mnist_5k"
    assert settings.source("kmnist") == "kmnist"
    assert find_sources("smoke", "mnist=files/mnist.npz")["fashion_mnist"] == "digits"


def test_mistakes_are_explained():
    with pytest.raises(ConfigError, match="NAME=PATH"):
        find_sources("laptop", "mnist.npz")
    with pytest.raises(ConfigError, match="use mnist"):
        find_sources("laptop", "minst=mnist.npz")
    with pytest.raises(UnknownNameError, match="'heatmap'"):
        find_experiment("heat-map")
