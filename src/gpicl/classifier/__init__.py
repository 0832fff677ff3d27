"""The in-context learner as a scikit-learn estimator."""

from gpicl.classifier.estimator import InContextClassifier

__all__ = ["InContextClassifier"]
