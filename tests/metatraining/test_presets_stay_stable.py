"""Every preset, shrunk to a toy, is meta-trained for ten times its steps, and its loss neither explodes nor rises."""

import math

import pandas as pd
import pytest

from gpicl.metatraining import list_presets, load_preset, meta_train

STEPS, LONGER = 5, 10
# Of a toy's size: what the constructors call their widths.
SMALL = {
    "layers": 1, "width": 16, "class_width": 8, "heads": 2, "key_size": 8, "queries": 6, "hidden": 8, "size": 4, "k": 2,
    "depth": 1,
}  # fmt: skip
OF_LEARNER = {
    "FastWeightMemory": ("hidden", "size"),
    "KernelSetTransformer": ("layers", "width", "class_width", "heads", "queries"),
    "KernelTransformer": ("layers", "width", "class_width", "heads"),
    "LSTM": ("hidden",),
    "MAML": ("depth", "width"),
    "MLP": ("width",),
    "OuterProductLSTM": ("hidden",),
    "TokenTransformer": ("layers", "width", "heads", "key_size"),
    "ValueTransformer": ("layers", "width", "heads", "key_size"),
    "VSML": ("hidden",),
    "VSMLWithoutSymmetries": ("k", "hidden"),
}
TRAINED = [name for name in list_presets() if load_preset(name).learner.name != "SGD"]


def shrunk(name):
    """The preset with everything of its own but its size, for ten times its steps."""
    config = load_preset(name)
    config.learner.options |= {option: SMALL[option] for option in OF_LEARNER[config.learner.name]}
    if config.data.dataset != "none":
        config.data.dataset = "digits"
    config.data.size, config.data.channels = 4, 1
    config.tasks.length, config.tasks.num_features = 8, 8
    config.tasks.repeated_images = min(config.tasks.repeated_images, 5)
    config.tasks.anneal_steps = STEPS if config.tasks.anneal_steps else 0
    training = config.training
    training.minutes, training.steps, training.batch, training.warmup = None, LONGER * STEPS, 4, 2
    loop = config.loop
    loop.validate_every, loop.validation_episodes, loop.checkpoint_every = LONGER * STEPS, 2, LONGER * STEPS
    loop.log_every, loop.progress = 1, False
    return config


@pytest.mark.parametrize("name", TRAINED)
def test_ten_times_its_steps_do_not_blow_up(name, tmp_path):
    run, _ = meta_train(shrunk(name), tmp_path)
    losses = pd.read_csv(run.log)["loss"].dropna()
    assert len(losses) == LONGER * STEPS
    assert losses.map(math.isfinite).all()
    tenths = [losses[i * STEPS : (i + 1) * STEPS].mean() for i in range(LONGER)]
    # The tasks are as hard as they get after the first tenth, when the interventions have faded. Batches of 4 episodes
    # of 8 examples leave a noise of about 0.1 nats on the mean of 5.
    assert tenths[-1] < tenths[1] + 0.25, "the loss is not rising"
