"""The page in a notebook: a frame that can reach nothing outside itself, in the notebook's theme."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass

from microbp.drawing.page.page import page_html
from microbp.engine import Value
from microbp.nn import MLP
from microbp.printing import notebook, say
from microbp.stepping.stepper import Detail, Stepper

HEIGHT = 650
"""The height of the frame in a notebook, in pixels: marimo cuts off what is higher than 700, with the line below."""
MOST_STEPS = 300
"""So many steps stand below the frame as text."""
FOLLOW = (
    "const tell = () => { const g = document.createElement('canvas').getContext('2d');"
    "g.fillStyle = getComputedStyle(this).color; g.fillRect(0, 0, 1, 1);"
    "const c = g.getImageData(0, 0, 1, 1).data;"
    "this.contentWindow?.postMessage(c[0] + c[1] + c[2] > 384 ? 'dark' : 'light', '*') };"
    "tell(); new MutationObserver(tell).observe(document.body, {attributes: true})"
)
"""Tells the page in a frame which theme the notebook has: the frame sees that of the system alone.

The colour of the notebook's text is painted, since it may be written in any way, as color(srgb 0.9 0.9 0.9)."""


@dataclass(frozen=True)
class PageView:
    """A page that shows itself in a notebook, in a frame that can reach nothing outside itself."""

    root: Value
    model: MLP | None = None
    title: str = ""
    start: int = 0
    height: int = HEIGHT

    def _repr_html_(self) -> str:
        text = page_html(self.root, model=self.model, title=self.title, start=self.start)
        return (
            f'<iframe sandbox="allow-scripts" width="100%" height="{self.height}" style="border: 0" '
            f'title="{say("Backpropagation, step by step")}" onload="{FOLLOW}" srcdoc="{html.escape(text)}"></iframe>'
            + notebook.collapsed(say("The steps as text"), "\n".join(self._steps()))
        )

    def _steps(self) -> Iterator[str]:
        """What is left to read where frames, or their scripts, are not allowed."""
        stepper = Stepper(self.root)
        yield from (f"{step.number:>3}  {step}" for step in stepper[:MOST_STEPS])
        if len(stepper) > MOST_STEPS:
            yield f"  … {len(stepper):,}"


class PageStepper(Stepper):
    """A stepper that shows itself in a notebook: the page, at the step where the cursor is."""

    height = HEIGHT
    """How high its frame is in a notebook, in pixels."""

    def _repr_html_(self) -> str:
        return PageView(self.root, self.model, start=self.position, height=self.height)._repr_html_()


def steps(
    root: Value,
    *,
    detail: Detail = "contribution",
    model: MLP | None = None,
    apply: bool = False,
    height: int = HEIGHT,
) -> Stepper:
    """The backward pass of a value, as a `Stepper`: a sequence of steps with a cursor.

    In a notebook it is a page in a frame `height` pixels high.

    Raises `UnknownNameError` for a detail other than "contribution", "node" and "layer", `GraphError` if "layer" comes
    without a model.

    >>> x = Value(3.0, label="x")
    >>> [step.contribution for step in steps(x * x)]
    [3.0, 3.0]
    """
    stepper = PageStepper(root, detail=detail, model=model, apply=apply)
    stepper.height = height
    return stepper
