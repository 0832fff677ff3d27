"""What scikit-learn asks of every estimator, asked with the weights that come with the package."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from gpicl import InContextClassifier


# No check is skipped and none is expected to fail.
@parametrize_with_checks([InContextClassifier(), InContextClassifier(weights="mnist", n_estimators=1)])
def test_it_is_a_real_scikit_learn_classifier(estimator, check):
    check(estimator)
