"""Beside other people's work: the classifier beside scikit-learn's SVC, the token Transformer beside GPT-2."""

from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int64
from sklearn.svm import SVC
from torch import Tensor, nn

from gpicl.bench.flops import count_flops, step_flops
from gpicl.bench.limits import Demand, Entry, measure_entries, times_as_fast
from gpicl.bench.setting import CLASSES, Case, Measured, Setting, learner_case
from gpicl.bench.steps import TrainingStep
from gpicl.bench.timing import Progress, timed
from gpicl.classifier import InContextClassifier
from gpicl.learners import Learner
from gpicl.learners.operations import previous_label

_FEATURES = 64
# Repetitions a round of what takes milliseconds.
_TIMES = 10


def measure_classifier(setting: Setting, on_progress: Progress) -> Measured:
    """Time fitting, one query and many, warm: the default ensemble, a single member, and scikit-learn's SVC."""
    classifiers: dict[str, Any] = {
        "4 members": InContextClassifier(),
        "1 member": InContextClassifier(n_estimators=1),
        "SVC(C=10)": SVC(C=10.0),
    }
    entries = {name: _entries(name, classifier, setting) for name, classifier in classifiers.items()}
    every = [entry for of_one in entries.values() for entry in of_one]
    figures, samples = measure_entries("classifier", every, setting, on_progress, as_in_training=False)
    for ours, theirs in zip(entries["4 members"], entries["SVC(C=10)"], strict=True):
        what = ours.name.partition(", ")[2]
        figures.append(
            times_as_fast("classifier", f"4 members beside SVC, {what}", samples[ours.name], samples[theirs.name])
        )
    return Measured(figures, [])


def _entries(name: str, classifier: Any, setting: Setting) -> list[Entry]:
    random = np.random.default_rng(0)
    centres = random.normal(size=(CLASSES, _FEATURES))
    y = np.arange(setting.scale.examples) % CLASSES
    X = centres[y] + random.normal(size=(len(y), _FEATURES))
    queries = random.normal(size=(setting.scale.queries, _FEATURES))
    predict = getattr(classifier, "predict_proba", classifier.fit(X, y).predict)
    entries = []
    for what, work, times, count in (
        (f"fit {len(X)} rows", lambda: classifier.fit(X, y), _TIMES, 0),
        ("one query", lambda: predict(queries[:1]), _TIMES, 0),
        (f"{len(queries):,} queries", lambda: predict(queries), 1, len(queries)),
    ):
        # Ours computes in float64; what an SVC needs at least nobody has counted.
        demand = Demand({"fp64": count_flops(work)}) if isinstance(classifier, InContextClassifier) else None
        entries.append(Entry(f"{name}, {what}", timed(work, times), demand, count, "queries" if count else ""))
    return entries


class Gpt2(Learner):
    """`[x_t ; one-hot(y_{t-1})]` -> linear -> `GPT2Model(inputs_embeds=...)` -> linear.

    Without dropout and without a cache of keys, which meta-training has no use for.

    Args:
        num_features: Features F of an input.
        num_classes: Classes C of a task.
        length: Positions.
        layers: Blocks.
        width: Size d of the stream.
        heads: Heads per block, of `width / heads` each.
        attention: `sdpa` or `eager`.
        activation: Name of the feed-forward layers' activation.
    """

    def __init__(
        self,
        num_features: int,
        num_classes: int,
        length: int,
        layers: int,
        width: int,
        heads: int,
        attention: str,
        activation: str,
    ) -> None:
        super().__init__(num_features, num_classes)
        # Only `gpicl bench` looks for it, and only where it is installed.
        import transformers

        config: Any = transformers.GPT2Config(
            vocab_size=1,
            n_positions=length,
            n_embd=width,
            n_layer=layers,
            n_head=heads,
            activation_function=activation,
            resid_pdrop=0.0,
            embd_pdrop=0.0,
            attn_pdrop=0.0,
            bos_token_id=0,
            eos_token_id=0,
            attn_implementation=attention,
        )
        self.embed = nn.Linear(num_features + num_classes, width)
        self.body: nn.Module = transformers.GPT2Model(config)
        self.readout = nn.Linear(width, num_classes)

    def forward(self, inputs: Float[Tensor, "B T F"], labels: Int64[Tensor, "B T"]) -> Float[Tensor, "B T C"]:
        """Predict every label from what came before it."""
        before = previous_label(labels, self.num_classes).to(inputs.dtype)
        embedded = self.embed(torch.cat([inputs, before], 2))
        return self.readout(self.body(inputs_embeds=embedded, use_cache=False).last_hidden_state)

    def state_size(self, length: int = 100) -> int:
        """Keys and values of every layer and position."""
        return 2 * length * self.options["layers"] * self.options["width"]


# How GPT-2's attention and activation can be computed: first its defaults. The other activation is the same function in
# one piece.
_VARIANTS = {
    "sdpa": ("sdpa", "gelu_new"),
    "eager": ("eager", "gelu_new"),
    "sdpa, fused GELU": ("sdpa", "gelu_pytorch_tanh"),
    "eager, fused GELU": ("eager", "gelu_pytorch_tanh"),
}


def measure_gpt2(setting: Setting, on_progress: Progress) -> Measured:
    """Time training steps of both at two widths, in turn, with the same batch and optimiser.

    GPT-2 is timed in our precision in every variant, and as it comes: with its defaults, in float32.
    """
    if find_spec("transformers") is None:
        return Measured([], ["GPT-2 is left out, as transformers is not installed (pip install transformers)."])
    scale = setting.scale
    case = learner_case("TokenTransformer", scale)
    contests = {
        f"d = {size['width']}": _contest(case._replace(options=size), setting)
        for size in (scale.transformer, scale.wide)
    }
    entries = [entry for contest in contests.values() for entry in contest]
    figures, samples = measure_entries("gpt2", entries, setting, on_progress)
    milliseconds = {figure.name: figure.value for figure in figures}
    for size, (ours, as_it_comes, *others) in contests.items():
        fastest = min(others, key=lambda entry: milliseconds[entry.name])
        for rival, entry in (("GPT-2 as it comes", as_it_comes), ("the fastest GPT-2", fastest)):
            name = f"TokenTransformer beside {rival}, {size}"
            figures.append(times_as_fast("gpt2", name, samples[ours.name], samples[entry.name]))
    return Measured(figures, [])


def _contest(case: Case, setting: Setting) -> list[Entry]:
    """Ours, GPT-2 as it comes, and GPT-2 in our precision in every variant."""
    options = case.options
    size = (case.num_features, CLASSES, case.length, options["layers"], options["width"], options["heads"])
    learner = case.build()
    flops = step_flops(learner, case.batch, case.length)
    in_float32 = setting._replace(kind="fp32")
    models: dict[str, tuple[Learner, Setting]] = {
        "TokenTransformer": (learner, setting),
        "GPT-2 (as it comes, fp32)": (Gpt2(*size, *_VARIANTS["sdpa"]), in_float32),
        **{f"GPT-2 ({name})": (Gpt2(*size, *variant), setting) for name, variant in _VARIANTS.items()},
    }
    entries = []
    for name, (model, its_setting) in models.items():
        step = TrainingStep(model, case.shape, its_setting, torch.optim.AdamW(model.parameters(), fused=True))
        tokens = case.batch * case.length
        demand = Demand({its_setting.kind: flops})
        entries.append(Entry(f"{name}, d = {options['width']}", timed(step), demand, tokens, "tokens"))
    return entries
