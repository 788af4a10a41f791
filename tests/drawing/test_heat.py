import math

from hypothesis import given
from hypothesis import strategies as st

from microbp.drawing.heat import Scale

COLOURS = ["a", "b", "c", "d", "e"]
SIZES = st.lists(st.floats(1e-300, 1e300), min_size=1)


@given(SIZES)
def test_a_larger_grad_is_never_colder(sizes):
    scale = Scale.over(sizes, COLOURS)
    order = [COLOURS.index(scale.colour(size)) for size in sorted(sizes)]
    assert order == sorted(order)


@given(SIZES)
def test_every_grad_is_on_the_scale_and_the_sign_does_not_matter(sizes):
    scale = Scale.over([-size for size in sizes], COLOURS)
    assert scale.bounds[0] <= min(sizes) * (1 + 1e-12)
    assert list(scale.bounds) == sorted(set(scale.bounds))
    assert len(scale.bounds) == len(scale.colours) <= len(COLOURS)
    for size in sizes:
        assert scale.colour(size) == scale.colour(-size) in COLOURS


def test_a_scale_over_more_powers_of_ten_than_colours_takes_several_a_colour():
    scale = Scale.over([1.0, 1e-11], COLOURS)
    assert scale.colour(1.0) == "e"
    assert scale.colour(1e-11) == "a"
    assert [round(math.log10(high / low)) for low, high in zip(scale.bounds, scale.bounds[1:], strict=False)] == [3] * (
        len(scale.bounds) - 1
    )


def test_nothing_and_what_is_not_there_have_no_colour():
    for grads in ([], [0.0], [math.nan, math.inf]):
        scale = Scale.over(grads, COLOURS)
        assert scale.colour(0.0) is None
        assert scale.colour(None) is None
        assert scale.swatches()
