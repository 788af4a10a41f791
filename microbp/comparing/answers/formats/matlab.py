"""Reads the numeric arrays, and the cells of them, of a .mat file as MATLAB 5 to 7.2 and `save -v7` of Octave write it.

A file is a head of 128 bytes and elements, one a variable, each a tag (what it is, and how many bytes) and its bytes,
maybe packed by zlib. The element of an array has elements for its kind, shape, name, and numbers. Source: the
MathWorks' "MAT-File Format".
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from microbp.comparing.answers.formats.bounds import MAX_BYTES, MAX_DEPTH, MAX_NAMES, Budget, most

_HEAD = 128
_MATRIX, _PACKED = 14, 15
_TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
"""How numbers are stored: small ones in fewer bytes than their array has for each."""
_CELL = 1
_CLASSES = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8"}
_OTHERS = {2: "a struct", 3: "an object", 4: "text", 5: "sparse: save full(…) of it", 16: "a function", 17: "an object"}
_LOGICAL, _COMPLEX = 0x0200, 0x0800


def read_matlab(content: bytes) -> dict[str, Any]:
    """The variables of a file by name; a cell array is a list, column by column.

    Raises `ValueError` for what is damaged, what is no array of numbers, and more than a file may hold.
    """
    if content[:10] == b"MATLAB 7.3" or content[:8] == b"\x89HDF\r\n\x1a\n":
        raise ValueError("it is of version 7.3: save it with save('mine.mat', 'dW1', …, '-v7')")
    if len(content) < _HEAD or content[126:128] not in (b"IM", b"MI"):
        raise ValueError("it is no MATLAB file of version 5 to 7.2: save it with save('mine.mat', 'dW1', …, '-v7')")
    file = _File("<" if content[126:128] == b"IM" else ">")
    found: dict[str, Any] = {}
    for kind, body in file.elements(content[_HEAD:]):
        if kind == _PACKED:
            ((kind, body),) = list(file.elements(file.unpacked(body)))[:1] or [(0, b"")]
        if kind != _MATRIX:
            raise ValueError(f"it is damaged: an element of kind {kind} stands where a variable should")
        name, value = file.variable(body, 0)
        if name in found:
            raise ValueError(f"it has two variables called {name!r}: give each once")
        found[name] = value
    if not found:
        raise ValueError("it is empty")
    return found


class _File:
    """What is read with one order of bytes, and from one budget."""

    def __init__(self, order: str) -> None:
        self.order = order
        self.budget = Budget()
        self.bytes = 2 * MAX_BYTES
        self.variables = 0

    def unpacked(self, body: bytes) -> bytes:
        stream = zlib.decompressobj()
        found = stream.decompress(body, self.bytes)
        if stream.unconsumed_tail:
            raise ValueError(f"it may have {2 * MAX_BYTES:,} bytes when it is unpacked, and has more")
        self.bytes -= len(found)
        return found

    def elements(self, content: bytes) -> Iterator[tuple[int, bytes]]:
        """(kind, bytes) of each element; small ones stand in their tag."""
        at = 0
        while at + 8 <= len(content):
            (word,) = struct.unpack_from(f"{self.order}I", content, at)
            size, begin = word >> 16, at + 4
            kind = word & 0xFFFF
            if size > 4:
                raise ValueError(f"it is damaged: {size} bytes cannot stand in a tag")
            if not size:
                kind, size = struct.unpack_from(f"{self.order}II", content, at)
                begin = at + 8
            if begin + size > len(content):
                raise ValueError(f"it is cut off: an element of {size:,} bytes, and {len(content) - begin:,} are there")
            yield kind, content[begin : begin + size]
            at = max(at + 8, begin + size)
            at += 0 if kind == _PACKED else -at % 8

    def variable(self, body: bytes, deep: int) -> tuple[str, Any]:
        """The name and the value of an array."""
        self.variables += 1
        most(self.variables, MAX_NAMES, "variables and cells")
        parts = self.elements(body)
        flags = self.numbers(parts, "flags")
        shape = tuple(int(side) for side in self.numbers(parts, "a shape"))
        name = bytes(self.numbers(parts, "a name").astype(np.uint8)).decode("utf-8", "replace")
        kind = int(flags[0]) & 0xFF if flags.size else 0
        if kind == _CELL:
            if deep == MAX_DEPTH:
                raise ValueError(f"{name} has cells in cells, {deep} deep")
            count = self.budget.take(name, shape)
            cells = [self.variable(inner, deep + 1)[1] for part, inner in parts if part == _MATRIX]
            if len(cells) != count:
                raise ValueError(f"{name} is damaged: it has {len(cells)} cells of {count}")
            return name, cells
        if kind not in _CLASSES:
            raise ValueError(f"{name} is {_OTHERS.get(kind, 'damaged')}, no array of numbers")
        count = self.budget.take(name, shape)
        numbers: NDArray[Any] = self.numbers(parts, name).astype(_CLASSES[kind])
        if int(flags[0]) & _COMPLEX:
            whole = np.empty(numbers.shape, dtype=np.complex128)
            whole.real, whole.imag = numbers, self.numbers(parts, name)
            numbers = whole
        if int(flags[0]) & _LOGICAL:
            numbers = numbers != 0
        if numbers.size != count:
            raise ValueError(f"{name} is damaged: it has {numbers.size:,} numbers for the shape {shape}")
        return name, numbers.reshape(shape, order="F")

    def numbers(self, parts: Iterator[tuple[int, bytes]], what: str) -> NDArray[Any]:
        """The numbers of the next element."""
        kind, body = next(parts, (0, b""))
        if kind not in _TYPES:
            raise ValueError(f"it is damaged: {what} was looked for, and nothing is there")
        width = int(_TYPES[kind][1:])
        return np.frombuffer(body[: len(body) // width * width], f"{self.order}{_TYPES[kind]}")
