"""Tables as people have them: types that change, stray words, dates, identifiers, and frames of other libraries."""

import datetime
import decimal

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris

from gpicl import InContextClassifier
from gpicl.errors import ClassifierError

ROWS = 60
Y = np.arange(ROWS) % 2
RANDOM = np.random.default_rng(0)
NUMBERS = RANDOM.normal(size=ROWS)
COLOURS = np.where(RANDOM.random(ROWS) < 0.9, np.array(["red", "blue"])[Y], "green")
CODES = np.where(RANDOM.random(ROWS) < 0.9, Y, 1 - Y) + 1
FIT, ASK = slice(0, 40), slice(40, None)


def classifier() -> InContextClassifier:
    return InContextClassifier(n_estimators=2)


def answers(fitted, asked=None):
    """Fit to the first rows of one table, and give probabilities of the last rows of another."""
    asked = fitted if asked is None else asked
    return classifier().fit(rows(fitted, FIT), Y[FIT]).predict_proba(rows(asked, ASK))


def rows(table, which):
    return table.iloc[which] if isinstance(table, pd.DataFrame) else table[which]


def accuracy(fitted, asked=None):
    return (answers(fitted, asked).argmax(1) == Y[ASK]).mean()


def test_columns_are_found_by_position_where_their_names_are_numbers():
    named = pd.DataFrame({"number": NUMBERS, "colour": COLOURS})
    numbered = named.set_axis([1, 0], axis=1)
    np.testing.assert_array_equal(answers(numbered), answers(named))
    assert accuracy(numbered) > 0.85
    with pytest.raises(ClassifierError, match=r"columns \[0, 1\], and fit was given them in the order \[1, 0\]"):
        answers(numbered, numbered[[0, 1]])


@pytest.mark.parametrize(
    ("at_fit", "at_predict"),
    [
        (CODES.astype(str), CODES),
        (CODES.astype(str), CODES.astype(float)),
        (pd.Categorical(CODES), CODES.astype(str)),
        (pd.Categorical(CODES), CODES.astype(float)),
        (CODES.astype(float).astype(str), CODES),
        ((CODES == 1).astype(str), CODES == 1),
        (CODES == 1, (CODES == 1).astype(str)),
        ((CODES == 1).astype(object), (CODES == 1).astype(str)),
        ((CODES == 1).astype(str), np.char.lower((CODES == 1).astype(str))),
    ],
)
def test_a_category_is_the_same_in_another_type(at_fit, at_predict):
    fitted, asked = (pd.DataFrame({"number": NUMBERS, "code": codes}) for codes in (at_fit, at_predict))
    np.testing.assert_array_equal(answers(fitted, asked), answers(fitted))


def test_mostly_unseen_categories_are_warned_of_at_the_callers_line():
    fitted = pd.DataFrame({"number": NUMBERS, "colour": COLOURS})
    with pytest.warns(
        UserWarning, match=r"Column 'colour': 20 of 20 rows .* such as 'RED'; those were 'red'"
    ) as caught:
        answers(fitted, fitted.assign(colour=np.char.upper(COLOURS)))
    assert caught[0].filename == __file__


def test_a_stray_word_among_numbers_is_a_missing_value():
    mixed = list(NUMBERS)
    mixed[3] = mixed[50] = "?"
    gaps = np.array([np.nan if value == "?" else value for value in mixed])
    with pytest.warns(UserWarning, match=r"Column 'a' holds numbers and '\?', which is read as a missing value"):
        found = answers(pd.DataFrame({"a": mixed, "colour": COLOURS}))
    np.testing.assert_array_equal(found, answers(pd.DataFrame({"a": gaps, "colour": COLOURS})))
    with pytest.warns(UserWarning, match="Column 'a' holds numbers and"):
        as_text = answers(pd.DataFrame({"a": [str(value) for value in mixed], "colour": COLOURS}))
    np.testing.assert_array_equal(as_text, found)


def test_a_word_in_a_column_of_numbers_is_refused_by_name_unless_it_stands_for_nothing():
    fitted = classifier().fit(np.c_[NUMBERS, CODES], Y)
    np.testing.assert_array_equal(fitted.predict_proba([["?", 1]]), fitted.predict_proba([[np.nan, 1.0]]))
    np.testing.assert_array_equal(fitted.predict_proba([["0.5", "1"]]), fitted.predict_proba([[0.5, 1.0]]))
    with pytest.raises(ClassifierError, match=r"Column 0 held numbers .* now holds 'a' in row 1. Give numbers"):
        fitted.predict(np.array([["1", "2"], ["a", "3"]]))


@pytest.mark.parametrize("make", [
    lambda pairs: np.array(pairs, dtype=object),
    lambda pairs: [list(pair) for pair in pairs],
    lambda pairs: np.array([[str(value) for value in pair] for pair in pairs]),
])  # fmt: skip
def test_arrays_and_lists_may_hold_categories(make):
    table = make(list(zip(NUMBERS.tolist(), COLOURS.tolist(), strict=True)))
    frame = pd.DataFrame({"number": NUMBERS, "colour": COLOURS})
    np.testing.assert_array_equal(answers(table), answers(frame))


def test_frames_of_other_libraries_are_taken():
    polars, pyarrow = pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    frame = pd.DataFrame({"number": NUMBERS, "colour": COLOURS})
    expected = answers(frame)
    table = polars.DataFrame({"number": NUMBERS, "colour": COLOURS})
    np.testing.assert_array_equal(answers(table), expected)
    np.testing.assert_array_equal(answers(table.cast({"colour": polars.Categorical})), expected)
    fitted = classifier().fit(table[:40], pyarrow.array(COLOURS[:40].tolist()))
    assert fitted.classes_.tolist() == ["blue", "green", "red"]
    fitted = classifier().fit(table[:40], polars.Series(COLOURS[:40]))
    assert fitted.feature_names_in_.tolist() == ["number", "colour"]
    assert fitted.classes_.tolist() == ["blue", "green", "red"]
    with pytest.raises(ClassifierError, match=r"Give X.collect\(\)"):
        fitted.predict(table.lazy())
    arrow = pyarrow.table({"number": NUMBERS, "colour": COLOURS})
    encoded = arrow.set_column(1, "colour", arrow["colour"].dictionary_encode())
    for each in (arrow, encoded):
        fitted = classifier().fit(each[:40], Y[FIT])
        np.testing.assert_array_equal(fitted.predict_proba(each[40:]), expected)
    dictionary = pd.ArrowDtype(pyarrow.dictionary(pyarrow.int32(), pyarrow.string()))
    np.testing.assert_array_equal(answers(frame.astype({"colour": dictionary})), expected)


@pytest.mark.parametrize("gaps", [[None] * ROWS, [np.nan] * ROWS])
def test_a_column_that_was_all_missing_may_be_filled_later_and_tells_nothing(gaps):
    filled = pd.DataFrame({"number": NUMBERS, "colour": COLOURS, "code": CODES})
    empty = filled.assign(colour=gaps)
    np.testing.assert_array_equal(answers(empty, filled), answers(filled[["number", "code"]]))
    answers(filled, empty)


def test_dates_of_every_type_become_days():
    days = [datetime.date(2020, 1, 1) + datetime.timedelta(int(day)) for day in RANDOM.integers(0, 300, ROWS)]
    expected = answers(np.array([[day.toordinal() - datetime.date(1970, 1, 1).toordinal()] for day in days], float))
    moments = pd.Series(pd.to_datetime(days))
    for column in (
        pd.Series(days),
        moments,
        moments.dt.tz_localize("UTC"),
        moments.dt.to_period("D"),
        moments.dt.to_pydatetime(),
        moments - pd.Timestamp("1970-01-01"),
    ):
        np.testing.assert_array_equal(answers(pd.DataFrame({"day": column})), expected)
    for form in ("%Y-%m-%d", "%d.%m.%Y", "%b %d, %Y", "%Y-%m-%dT%H:%M:%SZ"):
        with pytest.warns(UserWarning, match="Column 'day' holds dates as text, such as .* is read as days"):
            found = answers(pd.DataFrame({"day": moments.dt.strftime(form)}))
        np.testing.assert_array_equal(found, expected)
    with pytest.raises(ClassifierError, match=r"Column 'day' held dates .* now holds 'soon'"):
        answers(pd.DataFrame({"day": days}), pd.DataFrame({"day": ["soon"] * ROWS}))


def test_times_as_text_are_those_of_the_same_times():
    clock = [datetime.time(1 + 20 * int(code), 30) for code in Y]
    texts = pd.DataFrame({"time": [time.strftime("%H:%M") for time in clock]})
    with pytest.warns(UserWarning, match="dates as text"):
        fitted = classifier().fit(texts, Y)
    np.testing.assert_array_equal(fitted.predict_proba(pd.DataFrame({"time": clock})), fitted.predict_proba(texts))


def test_a_column_of_two_dates_and_classes_that_are_dates():
    two = [datetime.date(2020, 1, 1 + int(code)) for code in Y]
    assert accuracy(pd.DataFrame({"number": NUMBERS, "day": two})) == 1
    fitted = classifier().fit(Y[:, None], two)
    assert fitted.predict([[0], [1]]).tolist() == two[:2]


@pytest.mark.parametrize("kind", ["object", "category"])
def test_identifiers_are_left_out_and_it_is_said(kind):
    X, y = load_iris(return_X_y=True)
    plain = pd.DataFrame(X, columns=list("abcd"))
    names = pd.Series([f"sample {i}" for i in RANDOM.permutation(len(y))]).astype(kind)
    with pytest.warns(UserWarning, match=r"Column 'name' is left out: 50 of its 50 .* To keep it") as caught:
        fitted = classifier().fit(plain.assign(name=names)[::3], y[::3])
    assert len(caught) == 1
    assert caught[0].filename == __file__
    expected = classifier().fit(plain[::3], y[::3]).predict_proba(plain[1::3])
    np.testing.assert_array_equal(fitted.predict_proba(plain.assign(name=names)[1::3]), expected)
    kept = plain.assign(name=pd.factorize(names)[0])
    assert not np.array_equal(classifier().fit(kept[::3], y[::3]).predict_proba(kept[1::3]), expected)


def test_where_every_column_is_left_out_the_frequencies_remain():
    names = pd.DataFrame({"name": [f"n{i}" for i in range(40)]})
    with pytest.warns(UserWarning, match="left out"):
        fitted = classifier().fit(names, [0] * 30 + [1] * 10)
    np.testing.assert_allclose(fitted.predict_proba(names)[:, 0], 0.75, atol=0.1)


def test_measurements_as_text_are_numbers_and_codes_are_categories():
    text = pd.DataFrame({"a": NUMBERS.astype(str), "colour": COLOURS})
    np.testing.assert_array_equal(answers(text), answers(text.assign(a=NUMBERS)))
    zips = np.char.add("0", np.arange(ROWS).astype(str))
    with pytest.warns(UserWarning, match="Column 'zip' is left out"):
        answers(pd.DataFrame({"number": NUMBERS, "zip": zips}))


def test_values_of_every_other_kind():
    frame = pd.DataFrame(
        {
            "number": NUMBERS,
            "decimal": [decimal.Decimal(int(code)) for code in CODES],
            "interval": pd.cut(NUMBERS, 3),
            "pair": [(int(code), 1) for code in CODES],
            "bytes": np.where(CODES == 1, b"one", b"two"),
            "sparse": pd.arrays.SparseArray(CODES),
        }
    )
    assert accuracy(frame) >= 0.8
    masked = np.ma.masked_greater(NUMBERS[:, None], 1)
    np.testing.assert_array_equal(answers(masked), answers(masked.filled(np.nan)))
    fitted = classifier().fit(masked.reshape(ROWS, 1, 1), Y)
    np.testing.assert_array_equal(fitted.predict_proba(masked), classifier().fit(masked, Y).predict_proba(masked))


def test_numbers_that_scikit_learn_cannot_convert():
    gaps = pd.Series(np.where(NUMBERS > 1, np.nan, CODES))
    expected = answers(pd.DataFrame({"code": gaps}))
    np.testing.assert_array_equal(answers(pd.DataFrame({"code": pd.arrays.SparseArray(gaps)})), expected)
    pyarrow = pytest.importorskip("pyarrow")
    decimals = [None if np.isnan(code) else decimal.Decimal(int(code)) for code in gaps]
    column = pd.Series(decimals, dtype=pd.ArrowDtype(pyarrow.decimal128(5, 2)))
    np.testing.assert_array_equal(answers(pd.DataFrame({"code": column})), expected)


@pytest.mark.parametrize(
    ("X", "expected"),
    [
        (pd.DataFrame([[1, 2]] * 4, columns=["a", "a"]), "more than one column named 'a'.* Rename"),
        (pd.DataFrame([[1, 2]] * 4, columns=pd.MultiIndex.from_product([["a"], [1, 2]])), "2 levels.* one name"),
        (pd.DataFrame([[1, 2]] * 4, columns=["a", 1]), r"others, such as 1, are not.*astype\(str\)"),
        (pd.DataFrame([[1, 2]] * 4).iloc[0], r"X is a Series.* Give frame.iloc\[\[0\]\]"),
        ({"a": [1, 2, 3, 4]}, r"X is of type dict.* pandas.DataFrame\(X\)"),
        ([{"a": 1}] * 4, r"list of dicts.* pandas.DataFrame\(X\)"),
        (None, "X is of type NoneType"),
        ([[1, 2], [3], [4], [5]], "rows do not form a table: they have 1 and 2 values"),
        ([1, "a", 2, 3], r"X has the shape \[4\].* Reshape your data"),
        (pd.DataFrame({"a": ["x"]})[:0], r"X has the shape \[0, 1\]"),
        (pd.DataFrame({"a": [{}] * 4}), "Column 'a' holds {}, of type dict"),
        (pd.DataFrame({"a": [1.0, np.inf, 2.0, 3.0]}), r"Column 'a' holds infinity \(inf\).* in row 1"),
        (pd.DataFrame({"a": ["x", np.inf, "y", "x"]}), r"Column 'a' holds infinity \(inf\).* in row 1"),
        (np.array([[1.0, 2.0], [3.0, -np.inf]] * 2), r"Column 1 holds infinity \(inf\).* in row 1"),
        (np.ones((4, 1)) * 1j, "Complex data not supported"),
        ([[10**400], [1], [2], [3]], r"Column 0 holds infinity \(inf\), or a number too large .* in row 0"),
        ([np.eye(2), np.eye(3)] * 2, r"list of images of different shapes, such as \[2, 2\]"),
    ],
)
def test_what_is_no_table_is_refused_with_the_remedy(X, expected):
    with pytest.raises(ClassifierError, match=expected):
        classifier().fit(X, [0, 1, 0, 1])


def test_rows_of_a_frame_are_rows(recwarn):
    frame = pd.DataFrame({"number": NUMBERS, "colour": COLOURS})
    fitted = classifier().fit(frame, Y)
    expected = fitted.predict_proba(frame[:2])
    np.testing.assert_array_equal(fitted.predict_proba([frame.iloc[0], frame.iloc[1]]), expected)
    with pytest.raises(ClassifierError, match=r"frame.iloc\[\[0\]\]"):
        fitted.predict(frame.iloc[0])
    with pytest.raises(ClassifierError, match=r"yet now missing:(.|\n)*colour(.|\n)*Give the columns of fit"):
        fitted.predict(frame[["number"]])
    assert classifier().fit(frame[:2], [0, 1]).predict_proba(frame).shape == (ROWS, 2)


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        ([None, 1, 0, 1], "y is missing for 1 of 4 examples, the first of them number 0"),
        ([1.0, np.nan, 0, 1], "y is missing for 1 of 4"),
        (np.array([1, "a", 1, "a"], dtype=object), "type int, str, which cannot be sorted"),
        ([1, "a", 1, "a"], "type int, str, which cannot be sorted"),
        ([datetime.date(2020, 1, 1), pd.Timestamp("2021-01-01")] * 2, "type Timestamp, date, which cannot be sorted"),
        ("abcd", "must be a list or array"),
    ],
)
def test_labels_that_cannot_be_sorted_are_refused_with_the_remedy(y, expected):
    with pytest.raises(ClassifierError, match=expected):
        classifier().fit(NUMBERS[:4, None], y)


def test_a_column_may_change_its_kind_from_one_partial_fit_to_the_next():
    numbers, words = pd.DataFrame({"a": CODES}), pd.DataFrame({"a": np.where(CODES == 1, "x", "y")})
    parts = classifier().partial_fit(numbers[:20], Y[:20]).partial_fit(words[20:], Y[20:])
    joined = pd.DataFrame({"a": [*numbers["a"][:20], *words["a"][20:]]})
    whole = classifier().fit(joined, Y)
    np.testing.assert_array_equal(parts.predict_proba(words), whole.predict_proba(words))
