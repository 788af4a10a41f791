"""Mathematics as text: a formula is read once, and written as Python, NumPy, LaTeX or plain text."""
