"""Time of a training step in JAX, which the published code uses.

    gpicl bench --device cuda --only steps --output bench.json
    python benchmarks/jax_training_step.py --device cuda --beside bench.json

The same learners, sizes and loss, written from their equations in plain JAX: one episode's equations, `vmap` over
episodes, `scan` over positions with a checkpoint at each, and `jit` around the whole step, in float32, without gpicl's
optimisations. The kernel and the value Transformers are not included.

JAX is not a dependency of gpicl, and this file does not import gpicl. It runs in any environment after
`pip install jax optax` (`jax[cuda12]` on a GPU).
"""

import argparse
import json
import math
import os
import statistics
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

try:
    import jax
    import jax.numpy as jnp
    import optax
    from jax import Array
    from jax.nn import relu, sigmoid, softplus, tanh
except ImportError as error:
    raise SystemExit(f"This comparison needs JAX: pip install jax optax ({error})") from error

LENGTH, FEATURES, CLASSES = 100, 196, 10
MEMORY = 16  # size of the fast-weight memory's keys and values
CELL, MESSAGE, TICKS = 16, 8, 2  # VSML
GRID, ROW_SIZE, COLUMN_SIZE = 8, 16, 4  # VSML without symmetries

Params = Any  # a tree of arrays
State = tuple[Array, ...]


def linear_params(random: np.random.Generator, inputs: int, outputs: int, gain: float = 1.0) -> Params:
    """Draw a linear layer: `Normal(0, gain / inputs)`, bias zero."""
    weight = random.normal(0, math.sqrt(gain / inputs), (inputs, outputs))
    return {"w": jnp.asarray(weight, jnp.float32), "b": jnp.zeros(outputs)}


def mlp_params(random: np.random.Generator, *sizes: int) -> list[Params]:
    """Draw layers for inputs of the first size, with variances for ReLU."""
    return [linear_params(random, n, m, 2.0) for n, m in pairwise(sizes)]


def linear(params: Params, x: Array) -> Array:
    """Apply a linear layer to the last axis."""
    return x @ params["w"] + params["b"]


def previous_label(labels: Array) -> Array:
    """One-hot of `y_{t-1}` at position t, zero at the first, `[T, C]`."""
    return jnp.pad(jax.nn.one_hot(labels[:-1], CLASSES), ((1, 0), (0, 0)))


def encode(layers: list[Params], inputs: Array, labels: Array) -> Array:
    """`[x_t ; one-hot(y_{t-1})]` through ReLU layers, `[T, H]`."""
    encoded = jnp.concatenate([inputs, previous_label(labels)], 1)
    for layer in layers:
        encoded = relu(linear(layer, encoded))
    return encoded


# Set by --no-checkpoint.
KEEP_ALL = False


def over_positions(step: Callable[[Any, Any], tuple[Any, Any]], start: Any, examples: Any) -> Any:
    """Run a recurrence over the positions, and return its output at each.

    Only the state is kept for the gradient; the rest is recomputed. Without this, VSML would need gigabytes. On a CPU
    it costs no time: the LSTM takes as long, and the others less because they move less memory.

    Args:
        step: Maps state and example to the next state and the output.
        start: State before the first example.
        examples: Inputs, with positions as the first axis.
    """
    kept = step if KEEP_ALL else jax.checkpoint(step, prevent_cse=False)
    return jax.lax.scan(kept, start, examples)[1]


def lstm_step(params: Params, state: State, x: Array) -> State:
    """Hidden and cell state after reading x; one product for all gates, and a forget gate that is initially open."""
    hidden, cell = state
    i, g, f, o = jnp.split(linear(params, jnp.concatenate([x, hidden], -1)), 4, -1)
    cell = sigmoid(f + 1) * cell + sigmoid(i) * tanh(g)
    return sigmoid(o) * tanh(cell), cell


def lstm_params(random: np.random.Generator, hidden: int = 256) -> Params:
    """Draw an LSTM behind two ReLU layers."""
    return {
        "encoder": mlp_params(random, FEATURES + CLASSES, hidden, hidden),
        "lstm": linear_params(random, 2 * hidden, 4 * hidden),
        "readout": linear_params(random, hidden, CLASSES),
    }


def lstm(params: Params, inputs: Array, labels: Array) -> Array:
    """Logits of one episode."""

    def step(state: State, x: Array) -> tuple[State, Array]:
        state = lstm_step(params["lstm"], state, x)
        return state, state[0]

    start = jnp.zeros(params["readout"]["w"].shape[0])
    hiddens = over_positions(step, (start, start), encode(params["encoder"], inputs, labels))
    return linear(params["readout"], hiddens)


def outer_product_lstm_params(random: np.random.Generator, hidden: int = 64) -> Params:
    """Draw an outer-product LSTM of one head."""
    return {
        "encoder": mlp_params(random, FEATURES + CLASSES, hidden, hidden),
        "project": linear_params(random, 2 * hidden, 8 * hidden),
        "sharpness": jnp.zeros(()),
        "readout": linear_params(random, hidden, CLASSES),
    }


def outer_product_lstm(params: Params, inputs: Array, labels: Array) -> Array:
    """Logits of one episode."""
    size = params["readout"]["w"].shape[0]

    def step(state: State, x: Array) -> tuple[State, Array]:
        hidden, memory = state
        projected = linear(params["project"], jnp.concatenate([x, hidden])).reshape(8, size)
        left, right, query, output = tanh(projected[:3]), tanh(projected[3:6]), projected[6], projected[7]
        f, i, g = softplus(params["sharpness"]) * left[:, :, None] * right[:, None, :]
        memory = sigmoid(f + 1) * memory + sigmoid(i) * g
        hidden = sigmoid(output) * tanh(memory.T @ query)
        return (hidden, memory), hidden

    start = (jnp.zeros(size), jnp.zeros((size, size)))
    hiddens = over_positions(step, start, encode(params["encoder"], inputs, labels))
    return linear(params["readout"], hiddens)


def fast_weight_memory_params(random: np.random.Generator, hidden: int = 64) -> Params:
    """Draw an LSTM with a fast-weight memory."""
    return {
        "lstm": linear_params(random, FEATURES + CLASSES + hidden, 4 * hidden),
        "write": linear_params(random, hidden, 3 * MEMORY + 1),
        "read": linear_params(random, hidden, 2 * MEMORY),
        "norm": {"scale": jnp.ones(MEMORY), "offset": jnp.zeros(MEMORY)},
        "merge": linear_params(random, MEMORY, hidden),
        "readout": linear_params(random, hidden, CLASSES),
    }


def fast_weight_memory(params: Params, inputs: Array, labels: Array) -> Array:
    """Logits of one episode."""

    def step(state: tuple[State, Array], x: Array) -> tuple[tuple[State, Array], tuple[Array, Array]]:
        recurrent, memory = state
        recurrent = lstm_step(params["lstm"], recurrent, x)
        out = recurrent[0]
        written = linear(params["write"], out)
        k1, k2, value = jnp.split(tanh(written[:-1]), 3)
        key = jnp.outer(k1, k2).ravel()
        memory += sigmoid(written[-1]) * jnp.outer(value - memory @ key, key)
        q1, q2 = jnp.split(tanh(linear(params["read"], out)), 2)
        return (recurrent, memory), (out, memory @ jnp.outer(q1, q2).ravel())

    zeros = jnp.zeros(params["readout"]["w"].shape[0])
    start = ((zeros, zeros), jnp.zeros((MEMORY, MEMORY**2)))
    outs, reads = over_positions(step, start, encode([], inputs, labels))
    normalised = jax.nn.standardize(reads, axis=1, epsilon=1e-5)
    normalised = normalised * params["norm"]["scale"] + params["norm"]["offset"]
    return linear(params["readout"], outs + linear(params["merge"], normalised))


def grid_params(random: np.random.Generator, left: int, right: int) -> Params:
    """Draw the shared parameters of a grid's cells; `left` and `right` are the input sizes of a row and a column."""
    return {
        "lstm": linear_params(random, 2 * MESSAGE + left + right + CELL, 4 * CELL),
        "forward": linear_params(random, CELL, MESSAGE),
        "backward": linear_params(random, CELL, MESSAGE),
    }


def run_grid(params: Params, lefts: Array, rights: Array) -> Array:
    """Forward messages `[T, b, M]` of a grid of `a x b` LSTMs that reads `lefts [T, a, _]` and `rights [T, b, _]`."""
    rows, columns = lefts.shape[1], rights.shape[1]

    def step(state: State, example: tuple[Array, Array]) -> tuple[State, Array]:
        hidden, cell, forward, backward = state
        from_rows = jnp.concatenate([backward, example[0]], 1)[:, None]
        from_columns = jnp.concatenate([forward, example[1]], 1)[None]
        x = jnp.concatenate(
            [
                jnp.broadcast_to(from_rows, (rows, columns, from_rows.shape[2])),
                jnp.broadcast_to(from_columns, (rows, columns, from_columns.shape[2])),
            ],
            2,
        )
        for _ in range(TICKS):
            hidden, cell = lstm_step(params["lstm"], (hidden, cell), x)
        forward = linear(params["forward"], hidden).mean(0)
        backward = linear(params["backward"], hidden).mean(1)
        return (hidden, cell, forward, backward), forward

    cells = jnp.zeros((rows, columns, CELL))
    start = (cells, cells, jnp.zeros((columns, MESSAGE)), jnp.zeros((rows, MESSAGE)))
    return over_positions(step, start, (lefts, rights))


def vsml_params(random: np.random.Generator) -> Params:
    """Draw VSML."""
    return grid_params(random, 1, 1)


def vsml(params: Params, inputs: Array, labels: Array) -> Array:
    """Logits of one episode."""
    return run_grid(params, inputs[..., None], previous_label(labels)[..., None])[..., 0]


def vsml_without_symmetries_params(random: np.random.Generator) -> Params:
    """Draw VSML without symmetries."""
    return {
        "rows": linear_params(random, FEATURES, GRID * ROW_SIZE),
        "columns": linear_params(random, CLASSES, GRID * COLUMN_SIZE),
        "grid": grid_params(random, ROW_SIZE, COLUMN_SIZE),
        "readout": linear_params(random, GRID * MESSAGE, CLASSES),
    }


def vsml_without_symmetries(params: Params, inputs: Array, labels: Array) -> Array:
    """Logits of one episode."""
    length = len(inputs)
    lefts = linear(params["rows"], inputs).reshape(length, GRID, ROW_SIZE)
    rights = linear(params["columns"], previous_label(labels)).reshape(length, GRID, COLUMN_SIZE)
    messages = run_grid(params["grid"], lefts, rights)
    return linear(params["readout"], messages.reshape(length, GRID * MESSAGE))


def maml_params(random: np.random.Generator) -> list[Params]:
    """Draw the initial network of MAML."""
    return mlp_params(random, FEATURES, 128, 128, CLASSES)


def sgd_params(random: np.random.Generator) -> list[Params]:
    """Draw the initial network of SGD."""
    return mlp_params(random, FEATURES, CLASSES)


def learn_while_predicting(initial: list[Params], inputs: Array, labels: Array) -> Array:
    """Logits of one episode: predict `x_t`, then take one step of Adam, fresh for the episode, on `(x_t, y_t)`."""
    # Without eps_root, the root of the second moment has an infinite slope while all gradients are zero.
    optimiser = optax.adam(1e-3, eps_root=1e-16)

    def loss(network: list[Params], x: Array, y: Array) -> tuple[Array, Array]:
        for layer in network[:-1]:
            x = relu(linear(layer, x))
        logits = linear(network[-1], x)
        return optax.softmax_cross_entropy_with_integer_labels(logits, y), logits

    def step(state: tuple[Params, Any], example: tuple[Array, Array]) -> tuple[tuple[Params, Any], Array]:
        network, moments = state
        grads, logits = jax.grad(loss, has_aux=True)(network, *example)
        updates, moments = optimiser.update(grads, moments)
        return (optax.apply_updates(network, updates), moments), logits

    return over_positions(step, (initial, optimiser.init(initial)), (inputs, labels))


def transformer_params(random: np.random.Generator, width: int, heads: int, layers: int = 4, size: int = 32) -> Params:
    """Draw a Transformer with `heads` heads of `size` per layer."""

    def norm() -> Params:
        return {"scale": jnp.ones(width), "offset": jnp.zeros(width)}

    blocks = [
        {
            "attend": {"norm": norm(), "project": linear_params(random, width, 3 * heads * size)},
            "out": linear_params(random, heads * size, width, 2 / layers),
            "up": linear_params(random, width, 4 * width, 2 / layers),
            "down": linear_params(random, 4 * width, width, 2 / layers),
            "norm": norm(),
        }
        for _ in range(layers)
    ]
    return {
        "embed": linear_params(random, FEATURES + CLASSES, width),
        "positions": jnp.asarray(random.normal(0, 0.1, (LENGTH, width)), jnp.float32),
        "blocks": blocks,
        "norm": norm(),
        "readout": linear_params(random, width, CLASSES),
    }


def layer_norm(params: Params, x: Array) -> Array:
    """Normalise the last axis, then scale and shift it."""
    return jax.nn.standardize(x, axis=-1, epsilon=1e-5) * params["scale"] + params["offset"]


def transformer(params: Params, inputs: Array, labels: Array, heads: int) -> Array:
    """Logits of one episode."""
    length = len(inputs)
    hidden = encode([], inputs, labels)
    hidden = linear(params["embed"], hidden) + params["positions"][:length]
    causal = jnp.tril(jnp.ones((length, length), bool))
    for block in params["blocks"]:
        projected = linear(block["attend"]["project"], layer_norm(block["attend"]["norm"], hidden))
        queries, keys, values = projected.reshape(length, 3, heads, -1).transpose(1, 2, 0, 3)
        scores = queries @ keys.transpose(0, 2, 1) / math.sqrt(queries.shape[-1])
        attended = jax.nn.softmax(jnp.where(causal, scores, -jnp.inf)) @ values
        hidden += linear(block["out"], attended.transpose(1, 0, 2).reshape(length, -1))
        hidden += linear(block["down"], jax.nn.gelu(linear(block["up"], layer_norm(block["norm"], hidden))))
    return linear(params["readout"], layer_norm(params["norm"], hidden))


class Case(NamedTuple):
    """A learner: how to draw its parameters, the logits of one episode, episodes per step, whether it is trained."""

    params: Callable[[np.random.Generator], Params]
    logits: Callable[[Params, Array, Array], Array]
    batch: int = 64
    trained: bool = True


CASES = {
    **{
        f"TokenTransformer, d = {width}": Case(
            partial(transformer_params, width=width, heads=width // 32), partial(transformer, heads=width // 32)
        )
        for width in (128, 256)
    },
    "LSTM": Case(lstm_params, lstm),
    "OuterProductLSTM": Case(outer_product_lstm_params, outer_product_lstm),
    "FastWeightMemory": Case(fast_weight_memory_params, fast_weight_memory),
    "VSML": Case(vsml_params, vsml, batch=8),
    "VSMLWithoutSymmetries": Case(vsml_without_symmetries_params, vsml_without_symmetries),
    "MAML": Case(maml_params, learn_while_predicting, batch=16),
    "SGD": Case(sgd_params, learn_while_predicting, trained=False),
}


def batch_loss(case: Case, params: Params, inputs: Array, labels: Array) -> Array:
    """Mean cross-entropy over all positions of all episodes."""
    logits = jax.vmap(case.logits, (None, 0, 0))(params, inputs, labels)
    return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()


def step_seconds(case: Case, repeats: int) -> tuple[float, float]:
    """Measure the seconds of a step (median without the first one) and of compilation."""
    random = np.random.default_rng(0)
    inputs = jnp.asarray(random.normal(size=(case.batch, LENGTH, FEATURES)), jnp.float32)
    labels = jnp.asarray(random.integers(CLASSES, size=(case.batch, LENGTH)), jnp.int32)
    params = case.params(random)
    optimiser = optax.adam(1e-3)
    moments = optimiser.init(params)

    def step(params: Params, moments: Any, inputs: Array, labels: Array) -> tuple[Params, Any, Array]:
        if not case.trained:
            return params, moments, batch_loss(case, params, inputs, labels)
        loss, grads = jax.value_and_grad(lambda p: batch_loss(case, p, inputs, labels))(params)
        updates, moments = optimiser.update(grads, moments)
        return optax.apply_updates(params, updates), moments, loss

    started = time.perf_counter()
    compiled = jax.jit(step, donate_argnums=(0, 1)).lower(params, moments, inputs, labels).compile()
    compilation = time.perf_counter() - started
    seconds = []
    for _ in range(repeats + 1):
        started = time.perf_counter()
        params, moments, loss = jax.block_until_ready(compiled(params, moments, inputs, labels))
        seconds.append(time.perf_counter() - started)
    if not jnp.isfinite(loss):
        raise FloatingPointError(f"The loss became {loss}, so the timing does not count.")
    return statistics.median(seconds[1:]), compilation


def main() -> None:
    """Time the named learners, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("learners", nargs="*", help=f"default: all of {'; '.join(CASES)}")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--beside", help="file of `gpicl bench --only steps`; its times are printed too")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--no-checkpoint", action="store_true", help="keep all activations for the gradient")
    options = parser.parse_args()
    if unknown := set(options.learners) - set(CASES):
        parser.error(f"unknown learners: {', '.join(sorted(unknown))}. Choose from {'; '.join(CASES)}")
    global KEEP_ALL
    KEEP_ALL = options.no_checkpoint
    jax.config.update("jax_platforms", options.device)
    ours = {} if options.beside is None else our_milliseconds(Path(options.beside))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    where = f"{cores} cores" if options.device == "cpu" else jax.devices()[0].device_kind
    print(f"{where}, jax {jax.__version__}, fp32; T = {LENGTH}, F = {FEATURES}, C = {CLASSES}, Adam")
    print(f"{'learner':<25} {'B':>3} {'JAX':>11} {'compilation':>12} {'gpicl, eager':>13} {'as a graph':>11}")
    for name in options.learners or CASES:
        case = CASES[name]
        seconds, compilation = step_seconds(case, options.repeats)
        row = f"{name:<25} {case.batch:>3} {1e3 * seconds:8.2f} ms {compilation:10.1f} s"
        for mode, width in (("eager", 10), ("graph", 8)):
            taken = ours.get((f"{name}, B = {case.batch}", mode))
            row += f" {taken:{width}.2f} ms" if taken else " " * (width + 4)
        print(row.rstrip(), flush=True)


def our_milliseconds(path: Path) -> dict[tuple[str, str], float]:
    """Read the steps of `gpicl bench`: milliseconds by name and mode."""
    figures = json.loads(path.read_text())["figures"]
    return {(f["name"], f["mode"]): f["milliseconds"] for f in figures if f["group"] == "steps"}


if __name__ == "__main__":
    main()
