"""Weights of the ensemble's members, and calibration of the combined probabilities.

Every member has predicted every example of the context without its label. These predictions show how accurate and how
well calibrated the member is, without setting any examples aside.
"""

import numpy as np
from jaxtyping import Float64, Int64
from scipy.optimize import minimize

# Precision of the normal priors: of a member's weight (multiplied by the number of members), and of a class's bias.
_WEIGHT_PRECISION = 3.0
_BIAS_PRECISION = 3.0


class Pool:
    """Weighted sum of the members' log-probabilities, fitted by penalised logistic regression.

    `log p(c) = sum_m w_m log p_m(c) + b_c - log Z` with `w >= 0`, fitted to the predictions of the context. The prior
    is the mean of the members without a bias. With few examples, the result stays close to it. With many, useless
    members get a weight of zero, overconfident probabilities become softer (the weights sum to less than one),
    underconfident ones sharper, and the bias corrects classes that are predicted too seldom.

    Args:
        held_out: The members' predictions of the context, [M, N, K].
        classes: The true classes.
    """

    def __init__(self, held_out: Float64[np.ndarray, "M N K"], classes: Int64[np.ndarray, " N"]) -> None:
        members, count, num_classes = held_out.shape
        frequencies = np.bincount(classes, minlength=num_classes) + 1.0
        self._frequencies = frequencies / frequencies.sum()
        # Probabilities are mixed with the class frequencies by the weight of one example, so that none is exactly zero.
        self._doubt = 1 / (count + 2)
        first = np.full(members, 1 / members)
        scores = self._scores(held_out)
        is_class = np.eye(num_classes)[classes]

        def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
            weights, bias = parameters[:members], parameters[members:]
            logits = np.tensordot(weights, scores, 1) + bias
            logits -= logits.max(1, keepdims=True)
            sums = np.exp(logits).sum(1)
            given = logits[np.arange(len(classes)), classes] - np.log(sums)
            errors = np.exp(logits) / sums[:, None] - is_class
            apart = weights - first
            penalty = _WEIGHT_PRECISION * members * (apart @ apart) + _BIAS_PRECISION * (bias @ bias)
            slope = np.concatenate(
                [
                    np.tensordot(scores, errors, ([1, 2], [0, 1])) + _WEIGHT_PRECISION * members * apart,
                    errors.sum(0) + _BIAS_PRECISION * bias,
                ]
            )
            return float(penalty / 2 - given.sum()), slope

        bounds = [(0.0, None)] * members + [(None, None)] * num_classes
        start = np.concatenate([first, np.zeros(num_classes)])
        found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
        self.weights: Float64[np.ndarray, " M"] = found[:members]
        self.bias: Float64[np.ndarray, " K"] = found[members:]

    def __call__(self, probabilities: Float64[np.ndarray, "M Q K"]) -> Float64[np.ndarray, "Q K"]:
        """Combine the members' probabilities of queries."""
        logits = np.tensordot(self.weights, self._scores(probabilities), 1) + self.bias
        likelihood = np.exp(logits - logits.max(1, keepdims=True))
        return likelihood / likelihood.sum(1, keepdims=True)

    def _scores(self, probabilities: np.ndarray) -> np.ndarray:
        softened = (1 - self._doubt) * probabilities + self._doubt * self._frequencies
        return np.log(softened)
