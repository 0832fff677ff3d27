"""What columns and views keep and what they change."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gpicl.classifier.columns import Columns
from gpicl.classifier.preprocessing import (
    Clipped,
    Nearness,
    NormalScores,
    Scaled,
    Squares,
    TreeLeaves,
    make_views,
    share_a_unit,
)


@pytest.fixture
def context():
    return np.random.default_rng(0).normal(size=(30, 5)) * [1, 10, 0.1, 1, 1] + 3


def test_gaps_are_filled_with_the_median_and_marked():
    columns = Columns(np.array([[1.0, 4.0], [np.nan, 6.0], [3.0, 8.0], [5.0, 4.0]]))
    prepared = 8 * columns(np.array([[np.nan, 4.0], [5.0, np.nan]]))
    np.testing.assert_allclose(prepared[:, :2], [[3, 4], [5, 5]])
    np.testing.assert_allclose(prepared[:, 2], [8, 0])


def test_columns_that_say_nothing_are_dropped_but_never_all_of_them():
    context = np.array([[1.0, 7.0, np.nan], [2.0, 7.0, np.nan]])
    assert Columns(context)(context).shape == (2, 1)
    assert Columns(context[:, 1:])(context[:, 1:]).shape == (2, 1)


@pytest.mark.parametrize("huge", [1e120, 1e300, np.finfo(np.float64).max])
def test_a_huge_number_erases_no_other_column(huge):
    context = np.array([[1.0, 2.0], [3.0, 0.5], [2.0, huge]])
    kept = Columns(context)(context)
    np.testing.assert_allclose(kept[:, 0], [1 / 3, 1, 2 / 3])
    np.testing.assert_allclose(kept[:, 1], [0, 0, 1], atol=1e-100)


@settings(max_examples=40)
@given(
    context=arrays(np.float64, (6, 3), elements=st.floats(-1e300, 1e300) | st.just(np.nan)),
    queries=arrays(np.float64, (4, 3), elements=st.floats(-1e300, 1e300) | st.just(np.nan)),
)
@example(context=np.full((6, 3), 1e-201), queries=np.full((4, 3), 1e107))  # their ratio overflows
@example(context=np.outer(np.arange(6.0), [1, 1e-322, 0]), queries=np.full((4, 3), 3e-323))  # so do slopes
def test_whatever_the_numbers_every_view_is_finite(context, queries):
    columns = Columns(context)
    filled = columns(context)
    for view in make_views(filled, 8, seed=0):
        view.fit(filled)
        assert np.isfinite(view.transform(filled)).all()
        assert np.isfinite(view.transform(columns(queries))).all()


@pytest.mark.parametrize("step", [Scaled, NormalScores, Clipped, Squares, Nearness, TreeLeaves])
def test_queries_are_mapped_as_the_context_is(step, context):
    made = step().fit(context)
    np.testing.assert_allclose(made.transform(context[3:7]), made.transform(context)[3:7], atol=1e-9)


def test_normal_scores_know_ranks_alone(context):
    stretched = np.exp(context / 3)
    scores = [NormalScores().fit(rows).transform(rows) for rows in (context, stretched)]
    np.testing.assert_allclose(*scores, atol=1e-12)


def test_normal_scores_of_equal_values_are_equal():
    values = np.array([[0.0], [0.0], [0.0], [1.0], [2.0]])
    scores = NormalScores().fit(values).transform(values)[:, 0]
    assert scores[0] == scores[1] == scores[2] < scores[3] < scores[4]


def test_scaled_changes_every_column_alike(context):
    scaled = Scaled().fit(context).transform(context)
    ratios = scaled.std(0) / context.std(0)
    np.testing.assert_allclose(ratios, ratios[0])
    assert scaled.std() == pytest.approx(1)


def test_distances_become_inner_products(context):
    queries = context[:4] + 0.3
    lift = Nearness().fit(context)
    squares = np.square(queries[:, None] - context[None]).sum(2)
    between = np.square(context[:, None] - context[None]).sum(2)[np.triu_indices(30, 1)]
    products = lift.transform(queries) @ lift.transform(context).T
    np.testing.assert_allclose(products, np.exp(-0.7 * squares / np.median(between)), atol=1e-5)


def test_leaves_hold_what_few_thresholds_part():
    X = np.random.default_rng(0).uniform(size=(200, 3))
    leaves = TreeLeaves(random_state=3).fit(X).transform(np.array([[0.5, 0.5, 0.5], [0.51, 0.5, 0.5], [0.9, 0.1, 0.9]]))
    shared = leaves @ leaves.T
    assert shared[0, 0] == shared[1, 1], "one leaf of every tree"
    assert shared[0, 0] > shared[0, 1] > 2 * shared[0, 2]


def test_leaves_depend_on_the_order_of_values_in_each_column_alone():
    """As far as thresholds do, which lie between the smallest and the largest value of a node."""
    X = np.random.default_rng(0).integers(0, 2, (40, 4)).astype(float)
    one, other = (TreeLeaves(random_state=1).fit(rows).transform(rows) for rows in (X, X * [1, 5, 100, 1e-3]))
    np.testing.assert_array_equal(one, other)


def test_views_of_tables_do_not_depend_on_units(context):
    other = context * [1e3, 1e-3, 1, 60, 1] + [0, 5, 0, 0, -100]
    for one, same in zip(make_views(context, 4, seed=0), make_views(other, 4, seed=0), strict=True):
        np.testing.assert_allclose(one.fit(context).transform(context), same.fit(other).transform(other), atol=1e-6)


def test_pixels_share_a_unit_and_the_columns_of_a_table_do_not(context):
    pixels = np.random.default_rng(0).uniform(size=(40, 25))
    assert share_a_unit(pixels)
    assert not share_a_unit(pixels * np.logspace(0, 3, 25))
    assert not share_a_unit(context)
    assert not share_a_unit((pixels > 0.5).astype(float)), "one column for each category has no unit"
