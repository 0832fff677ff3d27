"""Invented tables: columns of many kinds, a few of which determine the class, by thresholds or sums.

WHY: projections of images teach a learner to compare whole examples. In a table single columns matter, categories have
no order, values are missing, classes are rare and labels are wrong. A learner must have seen such tasks to handle them.
"""

import math
from dataclasses import replace

import torch
from jaxtyping import Bool, Float, Float64, Int64
from torch import Tensor
from torch.nn import functional as F

from gpicl.tasks.randomness import Numbers, Per
from gpicl.tasks.widenings.widening import Batch, Widening, pad

COLUMNS = 32  # numeric columns; a task has 3 to 32 of them
CATEGORIES = 4  # categorical columns; a task has 0 to 4 of them
LEVELS = 8
_FACTORS = 6
_TREES, _DEPTH = 12, 4
_HIDDEN = 16
_INPUTS = COLUMNS + CATEGORIES


class Table(Widening):
    """Replaces the examples by a table, and the labels by ones that depend on it.

    Numeric columns are normal, heavy-tailed, uniform or of a few levels, and correlated. Scores of the classes are
    linear in them, sums of random trees, one tree (a rule), a small network, or a sum of two of these, and depend on
    few columns or many. Inputs are encoded as the classifier encodes tables: categories one-hot, missing values as the
    mean with an indicator, then standardised or as normal scores, and then unchanged, with their squares, or lifted so
    that inner products measure nearness. Columns that a task does not have are zero.

    Each task has from two to all of the labels that it could have. In some tasks up to 40 % of the labels are wrong, in
    a meta-test of seen tasks too. Everything is computed in float64, so that every device agrees on the labels.
    """

    name = "table"
    needs_data = False
    reads_inputs = False

    def widen(self, batch: Batch) -> Batch:
        """Replace inputs and labels."""
        draws = _Draws(batch.numbers, batch.labels.shape[1])
        inputs, labels = _invented_table(draws, batch.used)
        width = self.setting.num_inputs
        if inputs.shape[2] > width:
            # Narrowed by a random projection, since another projection follows anyway.
            inputs = inputs @ draws.normal((len(draws), inputs.shape[2], width)) / width**0.5
        return replace(batch, inputs=pad(inputs.float(), width), labels=labels)


class _Draws:
    """Random numbers by shape, in the order of the calls: those of a task by default, or of an episode."""

    def __init__(self, numbers: Numbers, length: int) -> None:
        self._numbers, self._count = numbers, 0
        self.length, self.device = length, numbers.tasks.device

    def __len__(self) -> int:
        return len(self._numbers)

    def uniform(self, shape: tuple[int, ...], per: Per = "task") -> Float64[Tensor, "..."]:
        """Draw uniform numbers in [0, 1); the first axis is the tasks."""
        return self._numbers.uniforms(self._next(), math.prod(shape[1:]), per).double().view(shape)

    def normal(self, shape: tuple[int, ...], per: Per = "task") -> Float64[Tensor, "..."]:
        """Draw standard normals; the first axis is the tasks."""
        return self._numbers.normals(self._next(), *shape[1:], per=per).double()

    def _next(self) -> str:
        self._count += 1
        return f"invented table {self._count}"


def _invented_table(draws: _Draws, used: Bool[Tensor, "B C"]) -> tuple[Float64[Tensor, "B T N"], Int64[Tensor, "B T"]]:
    batch, length = len(draws), draws.length
    latent = _correlated(batch, length, draws)
    has_column = _first_of(batch, 3, COLUMNS, draws)
    has_category = _first_of(batch, 0, CATEGORIES, draws)
    numbers = _marginals(latent[..., :COLUMNS], draws)
    levels, effects = _categories(latent[..., COLUMNS:], draws)
    has = torch.cat([has_column, has_category], 1)[:, None]
    seen_by_classes = _standardise(torch.cat([numbers, effects], 2)) * has
    scores = _scores(seen_by_classes, has, used.shape[1], draws)
    labels = _labels(scores, used, draws)
    table = _encode(numbers, has_column, levels, has_category, draws)
    return _show(table, draws), labels


def _uniform(shape: tuple[int, ...], low: float, high: float, draws: _Draws, per: Per = "task") -> Tensor:
    return low + (high - low) * draws.uniform(shape, per)


def _chance(shape: tuple[int, ...], probability: float, draws: _Draws) -> Bool[Tensor, "..."]:
    return draws.uniform(shape) < probability


def _first_of(batch: int, fewest: int, most: int, draws: _Draws) -> Bool[Tensor, "B most"]:
    """Choose which columns a task has: the first ones, with a log-uniform number of them."""
    count = torch.exp(_uniform((batch, 1), math.log(fewest + 1), math.log(most + 2), draws)).floor() - 1
    return torch.arange(most, device=draws.device) < count


def _standardise(columns: Float[Tensor, "B T D"]) -> Float[Tensor, "B T D"]:
    return (columns - columns.mean(1, keepdim=True)) / columns.std(1, keepdim=True, correction=0).clamp_min(1e-4)


def _correlated(batch: int, length: int, draws: _Draws) -> Float[Tensor, "B T D"]:
    """Draw standard normals; each column mixes its own noise with a few common factors."""
    loadings = draws.normal((batch, _FACTORS, _INPUTS)) / math.sqrt(_FACTORS)
    common = draws.normal((batch, length, _FACTORS), "episode") @ loadings
    share = _uniform((batch, 1, 1), 0.0, 1.0, draws) * _uniform((batch, 1, _INPUTS), 0.0, 1.0, draws)
    own = draws.normal((batch, length, _INPUTS), "episode")
    return _standardise((1 - share).sqrt() * own + share.sqrt() * common)


def _marginals(latent: Float[Tensor, "B T D"], draws: _Draws) -> Float[Tensor, "B T D"]:
    """Give every column a marginal distribution; tasks differ in how often each kind occurs."""
    batch, _, columns = latent.shape
    heavy = torch.exp(_uniform((batch, 1, columns), 0.3, 2.0, draws) * latent)
    even = torch.special.ndtr(latent)
    few = torch.exp(_uniform((batch, 1, columns), math.log(2), math.log(12), draws)).floor()
    stepped = (even * few).floor().clamp_max(few - 1) / few
    # A rare event, such as a count that is mostly zero.
    rare = (latent - _uniform((batch, 1, columns), 0.0, 2.0, draws)).clamp_min(0)
    kinds = torch.stack([latent, heavy, even, stepped, rare], 3)
    liking = 1.5 * draws.normal((batch, 1, 5)) + _gumbel((batch, columns, 5), draws)
    kind = liking.argmax(2)[:, None, :, None].expand(*latent.shape, 1)
    return _standardise(kinds.gather(3, kind).squeeze(3))


def _categories(latent: Float[Tensor, "B T G"], draws: _Draws) -> tuple[Int64[Tensor, "B T G"], Float[Tensor, "B T G"]]:
    """Draw levels, some of them rare, and the effect of each level on the classes: a number unrelated to any order."""
    batch, _, columns = latent.shape
    count = _uniform((batch, 1, columns), 2.0, LEVELS + 0.999, draws).floor()
    skewed = torch.special.ndtr(latent) ** torch.exp(_uniform((batch, 1, columns), -0.7, 1.0, draws))
    levels = (skewed * count).floor().clamp_max(count - 1).long()
    effects = draws.normal((batch, LEVELS, columns))
    return levels, effects.gather(1, levels)


def _scores(
    columns: Float[Tensor, "B T D"], has: Bool[Tensor, "B 1 D"], classes: int, draws: _Draws
) -> Float[Tensor, "B T C"]:
    """Return scores of the classes from one of four mechanisms, or a weighted sum of two."""
    batch = len(columns)
    # Relevance decays from column to column, steeply if few are relevant; the order of the columns is random.
    steepness = torch.exp(_uniform((batch, 1), -2.5, 2.5, draws))
    place = draws.uniform((batch, columns.shape[2]))
    place = place.masked_fill(~has[:, 0], 2.0).argsort(1).argsort(1)
    relevance = torch.exp(-steepness * place).masked_fill(~has[:, 0], 0.0) + 1e-9 * has[:, 0]
    mechanisms = [
        _linear(columns, relevance, classes, draws),
        _trees(columns, relevance, classes, _TREES, draws),
        _trees(columns, relevance, classes, 1, draws),
        _network(columns, relevance, classes, draws),
    ]
    stacked = torch.stack([_standardise(scores) for scores in mechanisms], 3)
    liking = _gumbel((batch, len(mechanisms)), draws)
    first = F.one_hot(liking.argmax(1), len(mechanisms)).float()
    second = F.one_hot(liking.argsort(1)[:, -2], len(mechanisms)).float()
    mixed = _chance((batch, 1), 0.3, draws) * _uniform((batch, 1), 0.0, 1.0, draws)
    return _standardise((stacked * (first + mixed * second)[:, None, None]).sum(3))


def _linear(columns: Tensor, relevance: Tensor, classes: int, draws: _Draws) -> Float[Tensor, "B T C"]:
    weights = draws.normal((*relevance.shape, classes)) * relevance[..., None].sqrt()
    return columns @ weights


def _network(columns: Tensor, relevance: Tensor, classes: int, draws: _Draws) -> Float[Tensor, "B T C"]:
    share = relevance / relevance.sum(1, keepdim=True)
    strength = torch.exp(_uniform((len(columns), 1, 1), 0.0, 1.2, draws))
    weights = draws.normal((*relevance.shape, _HIDDEN)) * share[..., None].sqrt()
    hidden = torch.tanh(strength * (columns @ weights) + draws.normal((len(columns), 1, _HIDDEN)))
    return hidden @ draws.normal((len(columns), _HIDDEN, classes))


def _trees(columns: Tensor, relevance: Tensor, classes: int, trees: int, draws: _Draws) -> Float[Tensor, "B T C"]:
    """Return sums of trees. All nodes of a depth use the same split, so that a leaf is a binary number."""
    batch, length, _ = columns.shape
    chances = relevance.cumsum(1)
    asked = torch.searchsorted(chances, draws.uniform((batch, trees * _DEPTH)) * chances[:, -1:], right=True)
    asked = asked.clamp_max(columns.shape[2] - 1)
    answers = columns.gather(2, asked[:, None].expand(batch, length, -1))
    # A threshold is a value of the column between its 10 % and 90 % quantiles.
    row = (_uniform((batch, 1, trees * _DEPTH), 0.1, 0.9, draws) * length).long()
    threshold = answers.sort(1).values.gather(1, row)
    depth = _uniform((batch, 1, trees, 1), 1.0, _DEPTH + 0.999, draws).floor()
    used = torch.arange(_DEPTH, device=columns.device) < depth
    bits = (answers > threshold).unflatten(2, (trees, _DEPTH)) & used
    leaf = (bits * 2 ** torch.arange(_DEPTH, device=columns.device)).sum(3)
    values = draws.normal((batch, trees, 2**_DEPTH, classes)).flatten(1, 2)
    place = leaf + 2**_DEPTH * torch.arange(trees, device=columns.device)
    found = values.gather(1, place.flatten(1)[..., None].expand(-1, -1, classes))
    return found.unflatten(1, (length, trees)).sum(2)


def _labels(scores: Float[Tensor, "B T C"], used: Bool[Tensor, "B C"], draws: _Draws) -> Int64[Tensor, "B T"]:
    """Choose the class with the largest score, after noise and a bias per class; some labels are wrong."""
    batch, length, classes = scores.shape
    # From two to all of the labels that the task may have: the first ones in a random order.
    order = draws.uniform((batch, classes)).masked_fill(~used, 2.0).argsort(1).argsort(1)
    count = 2 * (used.sum(1, keepdim=True) / 2 + 0.5) ** draws.uniform((batch, 1))
    has_class = ((order < count.floor()) & used)[:, None]
    rare = _uniform((batch, 1, 1), 0.0, 1.5, draws) * draws.normal((batch, 1, classes))
    doubt = torch.exp(_uniform((batch, 1, 1), math.log(0.02), math.log(0.8), draws))
    noisy = scores + rare + doubt * _gumbel((batch, length, classes), draws, "episode")
    labels = noisy.masked_fill(~has_class, float("-inf")).argmax(2)
    guesses = _gumbel((batch, length, classes), draws, "episode").masked_fill(~has_class, float("-inf")).argmax(2)
    rate = _chance((batch, 1), 0.3, draws) * _uniform((batch, 1), 0.0, 0.4, draws)
    wrong = draws.uniform((batch, length), "episode") < rate
    return torch.where(wrong, guesses, labels)


def _gumbel(shape: tuple[int, ...], draws: _Draws, per: Per = "task") -> Tensor:
    return -torch.log(-torch.log(_uniform(shape, 1e-6, 1 - 1e-6, draws, per)))


def _encode(
    numbers: Float[Tensor, "B T D"],
    has_column: Bool[Tensor, "B D"],
    levels: Int64[Tensor, "B T G"],
    has_category: Bool[Tensor, "B G"],
    draws: _Draws,
) -> Float[Tensor, "B T N"]:
    """Return numeric columns with gaps filled, an indicator of gaps for each, and categories one-hot."""
    batch, length, columns = numbers.shape
    rate = _uniform((batch, 1, columns), 0.0, 0.4, draws) * _chance((batch, 1, columns), 0.5, draws)
    rate = rate * _chance((batch, 1, 1), 0.3, draws)
    # Large values may be missing more often than small ones.
    more = torch.exp(draws.normal((batch, 1, columns)) * numbers.clamp(-2, 2) * 0.5)
    missing = draws.uniform((batch, length, columns), "episode") < rate * more
    there = ~missing
    mean = (numbers * there).sum(1, keepdim=True) / there.sum(1, keepdim=True).clamp_min(1)
    filled = torch.where(missing, mean, numbers) * has_column[:, None]
    one_hot = F.one_hot(levels, LEVELS) * has_category[:, None, :, None]
    return torch.cat([filled, missing * has_column[:, None], one_hot.flatten(2)], 2)


def _show(table: Float[Tensor, "B T D"], draws: _Draws) -> Float64[Tensor, "B T N"]:
    """Prepare a table as the classifier does, in one of the ways of its ensemble members."""
    batch, length, columns = table.shape
    width = max(2 * columns, length)
    varies = (table.amax(1, keepdim=True) > table.amin(1, keepdim=True)).float()
    scored = _chance((batch, 1, 1), 0.5, draws)
    plain = torch.where(scored, _normal_scores(table), _standardise(table)).clamp(-10, 10) * varies
    squared = torch.cat([plain, plain.square() / math.sqrt(2)], 2)
    ways = [F.pad(way, (0, width - way.shape[2])) for way in (plain, squared, _nearness(plain))]
    ways = [way - way.mean(1, keepdim=True) for way in ways]
    way = (draws.uniform((batch, 1, 1)) * len(ways)).floor()
    shown = torch.where(way == 0, ways[0], torch.where(way == 1, ways[1], ways[2]))
    return shown / shown.square().mean((1, 2), keepdim=True).sqrt().clamp_min(1e-6)


def _normal_scores(table: Float[Tensor, "B T D"]) -> Float[Tensor, "B T D"]:
    """Return ranks as quantiles of a standard normal; equal values have the mean of their ranks."""
    values = table.mT.contiguous()
    ordered = values.sort(2).values
    below = torch.searchsorted(ordered, values)
    up_to = torch.searchsorted(ordered, values, right=True)
    return torch.special.ndtri((below + up_to) / (2 * values.shape[2])).mT


def _nearness(rows: Float[Tensor, "B T D"]) -> Float[Tensor, "B T T"]:
    """Return coordinates whose inner products are `exp(-0.7 squared distance / median)`."""
    gram = rows @ rows.mT
    lengths = gram.diagonal(dim1=1, dim2=2)
    squares = (lengths[:, :, None] + lengths[:, None] - 2 * gram).clamp_min(0)
    median = squares.flatten(1).median(1).values.clamp_min(1e-6)
    kernel = torch.exp(-0.7 * squares / median[:, None, None])
    identity = torch.eye(rows.shape[1], dtype=kernel.dtype, device=kernel.device)
    return torch.linalg.cholesky_ex(kernel + 1e-6 * rows.shape[1] * identity).L
