"""Trees as arrays."""

import numpy as np
from sklearn.ensemble import ExtraTreesRegressor

from gpicl.classifier.trees import Trees


def test_they_answer_as_those_that_were_grown():
    random = np.random.default_rng(0)
    X, y = random.normal(size=(80, 4)).round(1), random.normal(size=(80, 2))
    forest = ExtraTreesRegressor(7, random_state=0).fit(X, y)
    trees = Trees([tree.tree_ for tree in forest.estimators_])
    queries = random.normal(size=(50, 4)).round(1)
    leaves = trees.apply(queries)
    assert np.isin(leaves, trees.leaves).all()
    np.testing.assert_allclose(trees.values[leaves].mean(1), forest.predict(queries))


def test_trees_of_a_single_leaf_are_trees():
    X, y = np.ones((5, 2)), np.arange(5.0)
    trees = Trees([tree.tree_ for tree in ExtraTreesRegressor(3).fit(X, y).estimators_])
    np.testing.assert_allclose(trees.values[trees.apply(X)], 2)
