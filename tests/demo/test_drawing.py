"""A drawing becomes a picture as MNIST's digits did."""

import numpy as np
import pytest

from gpicl.demo.drawing import as_picture
from gpicl.errors import GpiclError


def sheet(side: int, top: int, left: int, ink: np.ndarray) -> list[list[int]]:
    drawing = np.zeros((side, side), int)
    drawing[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return drawing.tolist()


CORNER = np.array([[255, 255, 255, 255], [255, 0, 0, 0], [255, 0, 0, 0], [255, 0, 0, 0]])


def test_neither_place_nor_size_matters():
    large, larger = CORNER.repeat(5, 0).repeat(5, 1), CORNER.repeat(15, 0).repeat(15, 1)
    picture = as_picture(sheet(28, 0, 0, large))
    np.testing.assert_array_equal(as_picture(sheet(28, 8, 3, large)), picture)
    np.testing.assert_array_equal(as_picture(sheet(64, 1, 4, larger)), picture)


@pytest.mark.parametrize(("height", "width", "expected"), [(4, 4, (20, 20)), (4, 2, (20, 10)), (1, 40, (1, 20))])
def test_the_larger_side_becomes_20_pixels_and_the_other_keeps_its_proportion(height, width, expected):
    picture = as_picture(sheet(64, 7, 9, np.full((height, width), 90)))
    rows, columns = (np.flatnonzero(picture.any(axis)) for axis in (1, 0))
    assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == expected
    assert picture.max() == 255, "the darkest ink"


def test_the_centre_of_mass_is_the_middle():
    picture = as_picture(sheet(28, 2, 2, CORNER)).astype(float)
    for axis in (0, 1):
        mass = picture.sum(axis)
        assert abs((mass * (np.arange(28) + 0.5)).sum() / mass.sum() - 14) <= 0.5


def test_nothing_is_cut_off_where_the_mass_lies_at_one_end():
    nail = np.zeros((20, 20), int)
    nail[:2] = 255
    nail[2:, 10] = 1
    picture = as_picture(nail.tolist())
    assert np.ptp(np.flatnonzero(picture.any(1))) + 1 == 20


def test_one_pixel_is_a_drawing_and_none_is_not():
    assert as_picture([[0, 0], [0, 7]]).max() == 255
    assert as_picture([[0, 0], [0, 0]]) is None


def test_rows_of_different_lengths_are_refused():
    with pytest.raises(GpiclError, match=r"one length, not \[1, 2\]"):
        as_picture([[0, 1], [1]])
