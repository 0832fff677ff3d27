"""What columns, spaces and lifts keep and what they change."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gpicl.classifier.columns import Columns
from gpicl.classifier.lifts import Distances, Plain, Squares
from gpicl.classifier.spaces import NormalScores, Scaled, Whitened
from gpicl.classifier.views import VIEWS, View, make_views

SPACES = [Scaled, NormalScores, Whitened]
LIFTS = [Plain, Squares, Distances]


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


@settings(max_examples=60, deadline=None)
@given(
    context=arrays(np.float64, (6, 3), elements=st.floats(-1e300, 1e300) | st.just(np.nan)),
    queries=arrays(np.float64, (4, 3), elements=st.floats(-1e300, 1e300) | st.just(np.nan)),
)
@example(context=np.full((6, 3), 1e-201), queries=np.full((4, 3), 1e107))  # their ratio overflows
def test_whatever_the_numbers_every_view_is_finite(context, queries):
    columns = Columns(context)
    views, seen = make_views(columns(context), VIEWS)
    for view in (*seen, *views(columns(queries))):
        assert np.isfinite(view).all()


@pytest.mark.parametrize("space", SPACES)
def test_a_space_maps_queries_as_it_maps_the_context(space, context):
    made = space(context)
    np.testing.assert_allclose(made(context[3:7]), made(context)[3:7])


@pytest.mark.parametrize("lift", LIFTS)
def test_a_lift_maps_queries_as_it_maps_the_context(lift, context):
    made = lift(context)
    np.testing.assert_allclose(made(context[3:7]), made(context)[3:7], atol=1e-9)


def test_normal_scores_know_ranks_alone(context):
    stretched = np.exp(context / 3)
    np.testing.assert_allclose(NormalScores(context)(context), NormalScores(stretched)(stretched), atol=1e-12)


def test_normal_scores_of_equal_values_are_equal():
    values = np.array([[0.0], [0.0], [0.0], [1.0], [2.0]])
    scores = NormalScores(values)(values)[:, 0]
    assert scores[0] == scores[1] == scores[2] < scores[3] < scores[4]


def test_scaled_changes_every_column_alike(context):
    scaled = Scaled(context)(context)
    ratios = scaled.std(0) / context.std(0)
    np.testing.assert_allclose(ratios, ratios[0])
    assert scaled.std() == pytest.approx(1)


def test_whitening_goes_half_way(context):
    whitened = Whitened(context)(context)
    principal = np.linalg.svd(context - context.mean(0), compute_uv=False) / np.sqrt(len(context))
    np.testing.assert_allclose(whitened.std(0)[:2], np.sqrt(principal)[:2], rtol=0.05)


def test_distances_become_inner_products(context):
    queries = context[:4] + 0.3
    lift = Distances(context)
    squares = np.square(queries[:, None] - context[None]).sum(2)
    between = np.square(context[:, None] - context[None]).sum(2)[np.triu_indices(30, 1)]
    np.testing.assert_allclose(lift(queries) @ lift(context).T, np.exp(-0.7 * squares / np.median(between)), atol=1e-5)


def test_a_view_is_a_space_and_a_lift(context):
    views, seen = make_views(context, [View("whitened", "squares")])
    whitened = Whitened(NormalScores(context)(context))
    expected = Squares(context)(whitened(NormalScores(context)(context)))
    np.testing.assert_allclose(seen[0], expected)
    np.testing.assert_allclose(views(context)[0], expected)
