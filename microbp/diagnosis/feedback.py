"""What each learner of a class gets back: a file, with the verdict, the numbers, and which line is wrong.

>>> from microbp.diagnosis.grading import Grade
>>> print(feedback_as_markdown(Grade("ada", "right", right=8, credit=1.0, sentence="All right."), "w1-w8"))
# ada: right
<BLANKLINE>
w1-w8, credit 1.00: of the 8 numbers that you gave, 8 are right.
<BLANKLINE>
All right.
<BLANKLINE>
"""

from __future__ import annotations

import html
import os
import re
from collections.abc import Iterable
from pathlib import Path

from microbp.diagnosis.grading import Grade
from microbp.errors import ProblemError, UnknownNameError, nearest
from microbp.printing import check_place, language_now, say, word, write_file

_PAGE = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>{title}</title>
<style>body {{ max-width: 60em; margin: 2em auto; padding: 0 1em; font: 1em/1.5 system-ui, sans-serif }}
pre {{ white-space: pre-wrap; overflow-wrap: anywhere }}</style></head>
<body><h1>{title}</h1>
{body}
</body></html>
"""


def write_feedback(grades: Iterable[Grade], folder: str | os.PathLike[str], title: str, form: str = "md") -> list[Path]:
    """Writes a file for each learner into a folder, which is made if it is not there; returns their paths.

    Raises `UnknownNameError` for another form than md and html, `ProblemError` where no file can be written.
    """
    if form not in FORMS:
        raise UnknownNameError(nearest("form", form, FORMS))
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise ProblemError(f"{folder}: no folder for the feedback can be made here: {error.strerror}") from error
    made: dict[Path, str] = {}
    for grade in grades:
        stem = re.sub(r"[^\w.-]+", "-", grade.name).strip("-.") or "learner"
        number = 2
        path = Path(folder, f"{stem}.{form}")
        while path in made:
            path, number = Path(folder, f"{stem}-{number}.{form}"), number + 1
        made[path] = FORMS[form](grade, title)
    for path in made:
        check_place(path)
    return [write_file(path, text.encode()) for path, text in made.items()]


def feedback_as_markdown(grade: Grade, title: str) -> str:
    """The feedback as Markdown."""
    head, *paragraphs = _paragraphs(grade, title)
    report = ["```text", grade.report.replace("```", "'''"), "```", ""] if grade.report else []
    return "\n".join([f"# {head}", "", *(line for text in paragraphs for line in (text, "")), *report])


def feedback_as_html(grade: Grade, title: str) -> str:
    """The feedback as a page."""
    head, *paragraphs = map(html.escape, _paragraphs(grade, title))
    parts = [f"<p>{text}</p>" for text in paragraphs]
    parts += [f"<pre>{html.escape(grade.report)}</pre>"] if grade.report else []
    return _PAGE.format(language=language_now(), title=head, body="\n".join(parts))


def _paragraphs(grade: Grade, title: str) -> list[str]:
    head = say("{name}: {what}", name=grade.name, what=word(grade.verdict))
    if grade.credit is None:
        return [head, say("{sentence}.", sentence=title), grade.sentence]
    counted = say(
        "{title}, credit {credit:.2f}: of the {given:,} numbers that you gave, {right:,} are right.",
        title=title,
        credit=grade.credit,
        given=grade.right + grade.wrong,
        right=grade.right,
    )
    return [head, counted, grade.sentence]


FORMS = {"md": feedback_as_markdown, "html": feedback_as_html}
