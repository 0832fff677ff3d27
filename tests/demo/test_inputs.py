"""What learners are given, plain and scrambled."""

import numpy as np

from gpicl.data import load_dataset
from gpicl.demo.drawing import as_grey, as_picture, inputs_of


def test_the_projection_is_fixed_linear_and_drawn_as_meta_training_draws_its_own(draw):
    pictures = [as_picture(draw(sign, seed)) for sign in ("ring", "cross") for seed in range(100)]
    plain, scrambled = inputs_of(pictures, False), inputs_of(pictures, True)
    assert plain.shape == scrambled.shape == (200, 196)
    np.testing.assert_allclose(inputs_of(pictures[:1], True), scrambled[:1], rtol=1e-9)
    # Entries of variance 1 / 196: what comes out is as large as what goes in, and inner products are kept about.
    assert 0.8 < np.square(scrambled).mean() / np.square(plain).mean() < 1.25
    assert abs(np.corrcoef(plain.ravel(), scrambled.ravel())[0, 1]) < 0.1, "nothing of a pixel stays in its place"
    mixed = np.linalg.lstsq(plain, scrambled, rcond=None)[0]
    np.testing.assert_allclose(plain @ mixed, scrambled, atol=1e-6)


def test_pictures_are_as_dark_as_those_of_meta_training():
    images = load_dataset("digits", "train").images[:200, ..., 0]
    inputs = inputs_of([as_picture(image.tolist()) for image in images], False)
    assert abs(inputs.mean()) < 0.3
    assert 0.7 < inputs.std() < 1.3


def test_what_a_learner_is_given_can_be_looked_at(draw):
    picture = as_picture(draw("ring"))
    seen = as_grey(inputs_of([picture], False)[0])
    assert abs(seen.astype(float) - picture.reshape(14, 2, 14, 2).mean((1, 3))).max() <= 1
