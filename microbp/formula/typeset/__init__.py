"""Formulas as a line of text has them, typeset: as LaTeX, as MathML; and pages of them in every form."""
