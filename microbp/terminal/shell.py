"""A shell of commands, for people and for scripts: how it reads, repeats, completes, helps and fails.

>>> import sys
>>> class Greeter(Shell):
...     letters = {"g": "greet"}
...
...     def do_greet(self, arg):
...         '''g NAME: greet someone'''
...         self.say(f"Hello {arg}.")
>>> Greeter(stdout=sys.stdout).run(["g Ann", "h", "gret Bob"], batch=True)
Hello Ann.
  g NAME: greet someone
  h [COMMAND]: this help
  q: quit
*** no command is called 'gret'; nearest: greet; h lists them
1
"""

from __future__ import annotations

import cmd
import sys
from collections.abc import Iterable, Mapping
from typing import ClassVar, TextIO

from microbp.errors import MicrobpError, UnknownNameError, nearest
from microbp.printing import printable, say, word


class Shell(cmd.Cmd):
    """Commands are methods `do_…` with a line of help as docstring; `letters` are their short names."""

    prompt = "(bp) "
    letters: ClassVar[Mapping[str, str]] = {}

    def __init__(self, stdin: TextIO | None = None, stdout: TextIO | None = None) -> None:
        super().__init__(stdin=stdin, stdout=stdout)
        self.refused = False
        """Whether a command could not be done."""
        self.wrong = False
        """Whether a check came out wrong."""

    def run(self, commands: Iterable[str] = (), batch: bool = False) -> int:
        """Does these commands, then, unless it is a batch, those that are typed or piped in; returns the exit code.

        A batch ends at the first command that cannot be done. Exit code 1, unless someone types: a command could not
        be done, or a check came out wrong.
        """
        people = not batch and self.stdin.isatty()
        self.use_rawinput = people and self.stdin is sys.stdin and self.stdout is sys.stdout and self.stdout.isatty()
        if not people:
            self.prompt = ""
        self.begin(quiet=batch)
        ended = any(self.onecmd(line) or (batch and self.refused) for line in commands)
        while not (batch or ended):
            try:
                self.cmdloop()
                ended = True
            except KeyboardInterrupt:
                self.say("\n" + say("q quits"))
        self.end()
        return int(not people and (self.refused or self.wrong))

    def begin(self, quiet: bool = False) -> None:
        """What is to be said before the first command."""

    def end(self) -> None:
        """What is to be said after the last."""

    def names(self) -> Iterable[str]:
        """What Tab completes after a command."""
        return []

    def say(self, text: str) -> None:
        """Prints a text."""
        print(text, file=self.stdout)

    def preloop(self) -> None:
        """Lets Tab complete names such as w[1][0,0]."""
        if self.use_rawinput:
            try:
                import readline
            except ImportError:  # no readline, no Tab
                return
            readline.set_completer_delims(" \t")

    def parseline(self, line: str) -> tuple[str | None, str | None, str]:
        """A letter stands for its command."""
        command, argument, line = super().parseline(line)
        return self._long(command) if command else command, argument, line

    def onecmd(self, line: str) -> bool:
        """Does one command; returns whether it was the last."""
        try:
            return bool(super().onecmd(line))
        except MicrobpError as error:
            self.refused = True
            self.say(f"*** {printable(str(error))}")
            return False

    def default(self, line: str) -> None:
        """No command."""
        typed = line.split()[0]
        raise UnknownNameError(f"{nearest('command', typed, self.commands(), most=3)}; {say('h lists them')}")

    def completedefault(self, text: str, *_: object) -> list[str]:
        """The names that begin so; those with blanks are too much for Tab."""
        return sorted(name for name in self.names() if name.startswith(text) and " " not in name)

    def completenames(self, text: str, *_: object) -> list[str]:
        """The commands that begin so."""
        return sorted(name for name in self.commands() if name.startswith(text))

    def commands(self) -> list[str]:
        """The long names, in the order in which they are defined, those of all shells last."""
        names = (name for c in type(self).__mro__ if issubclass(c, Shell) for name in vars(c) if name.startswith("do_"))
        return list(dict.fromkeys(name.removeprefix("do_") for name in names if name != "do_EOF"))

    def do_help(self, arg: str) -> None:
        """h [COMMAND]: this help"""
        if arg and self._long(arg) not in self.commands():
            self.default(arg)
        for name in [self._long(arg)] if arg else self.commands():
            self.say(f"  {word(getattr(self, f'do_{name}').__doc__)}")

    def do_quit(self, arg: str) -> bool:
        """q: quit"""
        return True

    def do_EOF(self, arg: str) -> bool:
        """The end of what is typed quits too."""
        if self.prompt:
            self.say("")
        return True

    def _long(self, command: str) -> str:
        return {**self.letters, "h": "help", "q": "quit", "exit": "quit"}.get(command, command)
