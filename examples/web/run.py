"""Runs a command of microbp in the browser: the same words, the same files, and what it printed and wrote."""

import contextlib
import importlib
import io
import os
import sys
import tempfile
from pathlib import Path

from microbp.drawing import use
from microbp.errors import RendererError
from microbp.terminal.cli import main


class Terminal(io.TextIOBase):
    """A stream of a terminal: what is written goes to the page at once."""

    encoding = "utf-8"

    def __init__(self, write):
        self._write = write

    def isatty(self):
        return True

    def write(self, text):
        self._write(text)
        return len(text)


class Waiting(BaseException):
    """A command asks for a line, and all that were typed are read."""


class Keyboard(io.TextIOBase):
    """The lines that were typed so far; what is read is seen on the screen, as in a terminal."""

    encoding = "utf-8"

    def __init__(self, typed, echo):
        self._lines, self._echo = iter(typed.splitlines(keepends=True)), echo

    def isatty(self):
        return True

    def readline(self, size=-1):
        line = next(self._lines, None)
        if line is None:
            raise Waiting
        self._echo(line)
        return line


def draw_with(layout):
    """Lets pictures be made by a function of the page's, viz.js."""

    def render(text, kind, engine):
        if kind not in ("svg", "json0"):
            raise RendererError(f"a browser makes .svg, .dot and .html, no .{kind}: write one of these")
        made = layout(text, kind, engine)
        if made.error:
            raise RendererError(f"Graphviz could not draw this: {made.error}")
        return made.output

    use(render)


def run(words, files, typed, columns, lang, out, err):
    """Runs `microbp WORDS` in a folder with these files, {name: buffer}, on these lines, in a language, "" for English.

    Gives the exit code, or `None` if it waits for the next line, and the files that it wrote.
    """
    os.environ |= {"COLUMNS": str(columns), "TERM": "xterm-256color", "MICROBP_LANG": lang}
    here = os.getcwd()
    with tempfile.TemporaryDirectory(prefix="microbp-") as folder:
        os.chdir(folder)
        try:
            for name, content in files.items():
                Path(name).write_bytes(content)
            importlib.invalidate_caches()
            sys.stdin = Keyboard(typed, out)
            with contextlib.redirect_stdout(Terminal(out)), contextlib.redirect_stderr(Terminal(err)):
                try:
                    code = main(words)
                except SystemExit as end:  # of argparse
                    code = end.code or 0
                except Waiting:
                    code = None
            made = {p.name: p.read_bytes() for p in sorted(Path().iterdir()) if p.name not in files and p.is_file()}
        finally:
            os.chdir(here)
            sys.path[:] = [place for place in sys.path if place not in (folder, "")]
            for name, module in list(sys.modules.items()):  # the learner's, which may have changed when it runs again
                if str(getattr(module, "__file__", "")).startswith(folder):
                    del sys.modules[name]
    return code, made
