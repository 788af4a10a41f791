from math import inf

import pytest

from microbp.comparing.answers.formats.text import read_text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("w5 = 0.1, w6 = 0.2; w7=-0.3", {"w5": 0.1, "w6": 0.2, "w7": -0.3}),
        ("Name: Ada\nTask 3 of 4\n\nw5\t0,5\nw6: 0,25", {"w5": 0.5, "w6": 0.25}),
        ("dE/dw5 = dE/dnet * dnet/dw5 = 0.5 * 0.5 = 0.25", {"dE/dw5": 0.25}),
        ("w1 = 4.5×10^(-4)\nw2 = −2 * 10**-3", {"w1": 4.5e-4, "w2": -2e-3}),
        ("dW1:\n0.1 0.2\n0.3 0.4\n\ndb1:\n0.5 0.6", {"dW1": [[0.1, 0.2], [0.3, 0.4]], "db1": [0.5, 0.6]}),
        ("dW1 [[1. 2.]\n [3. 4.]]\nw[1][0,2] 0.5", {"dW1": [[1, 2], [3, 4]], "w[1][0,2]": 0.5}),
        ("dW1;0,1;0,2\ndW1;0,3;0,4", {"dW1": [[0.1, 0.2], [0.3, 0.4]]}),
        ("grads = dict(dW1=np.array([[1, inf]]), db1=[-inf])", {"dW1": [[1, inf]], "db1": [-inf]}),
        ("1.0e+00 2.0e+00\n3.0e+00 4.0e+00\n", [[[1, 2], [3, 4]]]),
        ("[array([[1.]]), array([2., 3.])]", [[[1]], [2, 3]]),
        ("7", [7]),
    ],
)
def test_text_is_read(text, found):
    assert read_text(text.encode()) == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("w5 = 0.1\nw6 = 0.08.2", "line 2: w6 needs a number, or an array, got '0.08.2'"),
        ("w5 0.08.2", "line 1: w5 needs a number"),
        ("w5 = 1\nw5 = 2", "several values called 'w5'"),
        ("dW1 = [[0.1 ... 0.2]]", "np.set_printoptions"),
        ("dW1 = [[0.1, 0.2]", "a bracket is not closed"),
        ("dW1 = os.system('date')", "os.system(…) is not read"),
        ("dW1:\n1 2\n3", "row 2 of dW1 has 1 numbers, row 1 2"),
        ("w5 = [0.1] or 0.2", "'or 0.2' stands behind a value"),
        ("I like turtles.", "no line such as w5 = 0.0822"),
    ],
)
def test_what_is_no_text_of_numbers_is_told_with_its_line(text, said):
    with pytest.raises(ValueError, match=said.replace("(", r"\(").replace(")", r"\)")):
        read_text(text.encode())
