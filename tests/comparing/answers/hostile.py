"""Files that nobody should hand in: bombs, lies about sizes, wrong kinds, things that are no files."""

import io
import os
import struct
import zipfile
import zlib

import numpy as np


def npy(header, numbers=b""):
    """A .npy file with this header, whatever that says."""
    text = header.encode()
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + numbers


def shaped(shape, numbers=b"", kind="<f8"):
    return npy(f"{{'descr': {kind!r}, 'fortran_order': False, 'shape': {shape}, }}", numbers)


def zipped(members, how=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", how) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


def saved(save, *arrays, **named):
    file = io.BytesIO()
    save(file, *arrays, **named)
    return file.getvalue()


def element(kind, body):
    return struct.pack("<II", kind, len(body)) + body + b"\0" * (-len(body) % 8)


def mat(*elements):
    return b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM" + b"".join(elements)


def matrix(name, shape, numbers, kind=6):
    return element(
        14,
        element(6, struct.pack("<II", kind, 0))
        + element(5, struct.pack(f"<{len(shape)}i", *shape))
        + element(1, name)
        + numbers,
    )


def cells(deep):
    inner = matrix(b"", (1, 1), element(9, struct.pack("<d", 0.5)))
    for _ in range(deep):
        inner = matrix(b"dW", (1, 1), inner, kind=1)
    return inner


ONE = element(9, struct.pack("<d", 0.5))

CONTENTS = {
    "bomb.npz": lambda: zipped([("dW1.npy", shaped((25_000_000,)) + bytes(200_000_000))]),
    "many_bombs.npz": lambda: zipped([(f"dW{k}.npy", shaped((10**6,)) + bytes(8 * 10**6)) for k in range(9)]),
    "members.npz": lambda: zipped([(f"{k}.npy", b"") for k in range(11_000)], zipfile.ZIP_STORED),
    "bzip2.npz": lambda: zipped([("dW1.npy", shaped((1,)) + bytes(8))], zipfile.ZIP_BZIP2),
    "twice.npz": lambda: zipped([("dW1.npy", shaped((1,)) + bytes(8)), ("dW1", shaped((1,)) + bytes(8))]),
    "cut.npz": lambda: zipped([("dW1.npy", shaped((4,)) + bytes(32))])[:-30],
    "empty.npz": lambda: zipped([]),
    "empty.npy": lambda: b"",
    "one_byte.npy": lambda: b"\x93",
    "half_a_header.npy": lambda: shaped((4,))[:20],
    "promises.npy": lambda: shaped((10**12,)),
    "overflows.npy": lambda: shaped((2**62, 2**62)),
    "nothing_wide.npy": lambda: shaped((10**12, 0)),
    "negative.npy": lambda: shaped((-1, 4), bytes(32)),
    "true_shape.npy": lambda: shaped((True, 4), bytes(32)),
    "s0.npy": lambda: shaped((4,), kind="|S0"),
    "texts.npy": lambda: shaped((2,), b"ab", kind="|S1"),
    "dates.npy": lambda: saved(np.save, np.array(["2026-01-01"], dtype="M8[D]")),
    "structured.npy": lambda: saved(np.save, np.zeros(2, dtype=[("w", "f8"), ("b", "f8")])),
    "objects.npy": lambda: saved(np.save, np.array([{}, None])),
    "no_literal.npy": lambda: npy("__import__('os').getpid()"),
    "deep_header.npy": lambda: npy("(" * 9000),
    "two_arrays.npy": lambda: 2 * (shaped((1,)) + bytes(8)),
    "cut_off.npy": lambda: shaped((2, 2), bytes(31)),
    "ragged.csv": lambda: b"dW1,0.1,0.2\ndW1,0.3\n",
    "ragged_matrix.csv": lambda: b"1,2\n3\n",
    "long_cell.csv": lambda: b"w5," + b"9" * 200_000,
    "lines.csv": lambda: b"\n" * 1_100_000,
    "returns.csv": lambda: b"\r" * 1_100_000,
    "nul.csv": lambda: b"w5,\0\n",
    "no_text.csv": lambda: bytes(range(128, 256)),
    "deep.json": lambda: b"[" * 100_000,
    "deep_and_closed.json": lambda: b"[" * 900 + b"]" * 900,
    "deep_dicts.json": lambda: b'{"a":' * 900 + b"1" + b"}" * 900,
    "brackets.json": lambda: b"[" + b"[]," * 1_100_000 + b"[]]",
    "numbers.json": lambda: b"[" + b"0," * 1_100_000 + b"0]",
    "twice.json": lambda: b'{"w5": 0.1, "w5": 0.2}',
    "digits.json": lambda: b'{"w5": ' + b"9" * 10**6 + b"}",
    "half.json": lambda: b'{"w5": 0.1',
    "surrogate.json": lambda: b'{"\\ud800\\u001b[31m": 1}',
    "text.json": lambda: b'{"w5": "0.082167041"}',
    "empty.json": lambda: b"",
    "nothing.json": lambda: b"null",
    "deep.txt": lambda: b"dW1 = " + b"[" * 100_000,
    "open.txt": lambda: b"dW1 = [[0.1, 0.2]",
    "call.txt": lambda: b"dW1 = __import__('os').getpid()",
    "numbers.txt": lambda: b"dW1 = [" + b"0 " * 1_100_000 + b"]",
    "words.txt": lambda: b"a " * 10_000_000,
    "twice.txt": lambda: b"w5 = 0.1\nw5 = 0.2\n",
    "dots.txt": lambda: b"dW1 = [0.1 0.2 ... 0.3]",
    "bomb.mat": lambda: mat(element(15, zlib.compress(bytes(200_000_000)))[:-8]),
    "promises.mat": lambda: mat(matrix(b"dW1", (10**5, 10**5), ONE)),
    "nothing_wide.mat": lambda: mat(matrix(b"dW1", (2**31 - 1, 0), element(9, b""))),
    "negative.mat": lambda: mat(matrix(b"dW1", (-2, -2), ONE * 4)),
    "lies.mat": lambda: mat(struct.pack("<II", 14, 2**32 - 8) + bytes(64)),
    "cells.mat": lambda: mat(cells(40)),
    "struct.mat": lambda: mat(matrix(b"dW1", (1, 1), ONE, kind=2)),
    "twice.mat": lambda: mat(matrix(b"dW1", (1, 1), ONE), matrix(b"dW1", (1, 1), ONE)),
    "cut.mat": lambda: mat(matrix(b"dW1", (2, 2), ONE)[:-9]),
    "zeros.mat": lambda: mat(bytes(4096)),
    "hdf.mat": lambda: b"\x89HDF\r\n\x1a\n" + bytes(400),
    "head.mat": lambda: mat(),
}
"""What is in each file."""
NO_FILES = {
    "pipe.npz": os.mkfifo,
    "folder.json": os.mkdir,
    "circle.csv": lambda path: os.symlink(path, path),
    "device.mat": lambda path: os.symlink("/dev/zero", path),
    "large.json": lambda path: _sparse(path, 10**12),
}
"""What makes things that have a name, and are no files that can be read."""


def _sparse(path, size):
    with open(path, "wb") as file:
        file.truncate(size)


def make(folder):
    """Makes all of them in a folder; returns their names."""
    for name, content in CONTENTS.items():
        (folder / name).write_bytes(content())
    for name, making in NO_FILES.items():
        making(folder / name)
    return [*CONTENTS, *NO_FILES]
