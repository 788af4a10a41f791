"""Reads .npy and .npz files: every header is looked at before what it announces is unpacked, and no object is made.

>>> import io
>>> file = io.BytesIO()
>>> np.savez(file, dW1=np.ones((1, 2)))
>>> read_numpy(file.getvalue())
{'dW1': array([[1., 1.]])}
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from microbp.comparing.answers.formats.bounds import MAX_NAMES, Budget, most

_UNNAMED = re.compile(r"arr_\d+")
_OBJECTS = "it holds objects, for example lists of arrays, not numbers: save each by its name, dW1=…, dW2=…, db1=…"
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
_LONGEST_HEADER = 20_000
"""Bytes before the numbers."""
_WIDEST = 32
"""Bytes of a number, complex ones included."""
_ENTRY = b"PK\x01\x02"
"""What begins each entry in the list of files of a .npz."""


def read_numpy(content: bytes) -> Any:
    """The array of a .npy, whatever the file is called; of a .npz its arrays by name, or a list if they have none.

    Raises `ValueError` for anything else, and for more than a file may hold.
    """
    if not content.startswith(b"PK"):
        return _array("the array", content, Budget())
    most(content.count(_ENTRY), MAX_NAMES, "arrays")
    budget, arrays = Budget(), {}
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        for entry in file.infolist():
            name = entry.filename.removesuffix(".npy")
            if name in arrays:
                raise ValueError(f"it has two arrays called {name!r}: give each once")
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise ValueError(f"{name} is packed in a way that np.savez does not use")
            with file.open(entry) as member:
                # No more is unpacked than the numbers that may still be read can fill.
                unpacked = member.read(_LONGEST_HEADER + _WIDEST * budget.numbers + 1)
            arrays[name] = _array(name, unpacked, budget)
    if not arrays:
        raise ValueError("it is empty")
    if not all(map(_UNNAMED.fullmatch, arrays)):
        return arrays
    listed = [arrays[name] for name in sorted(arrays, key=lambda name: int(name[4:]))]
    return listed if len(listed) > 1 else listed[0]


def _array(name: str, content: bytes, budget: Budget) -> NDArray[Any]:
    """The array of a .npy: a view of these bytes."""
    if not content:
        raise ValueError("it is empty")
    stream = io.BytesIO(content)
    version = np.lib.format.read_magic(stream)
    if version not in _HEADERS:
        raise ValueError(
            f"{name} is in version {version[0]}.{version[1]} of the format, which plain numbers do not need"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of headers as Python 2 wrote them
        try:
            shape, columns_first, dtype = _HEADERS[version](stream, max_header_size=_LONGEST_HEADER)
        except ValueError as error:
            raise ValueError(f"{name} has no whole header: it was cut off or changed on its way") from error
    if dtype.hasobject:
        raise ValueError(_OBJECTS)
    if dtype.kind not in "biufc" or dtype.subdtype or dtype.itemsize > _WIDEST:
        raise ValueError(f"{name} is of {dtype}, not of numbers")
    if not all(type(side) is int for side in shape):
        raise ValueError(f"{name} has the shape {shape}, which no array of a network has")
    count = budget.take(name, shape)
    if (there := len(content) - stream.tell()) != count * dtype.itemsize:
        what = "is cut off" if there < count * dtype.itemsize else "has something behind its numbers"
        raise ValueError(
            f"{name} {what}: {count:,} numbers of {dtype} need {count * dtype.itemsize:,} bytes, there are {there:,}"
        )
    order: Literal["F", "C"] = "F" if columns_first else "C"
    return np.frombuffer(content, dtype, count, stream.tell()).reshape(shape, order=order)
