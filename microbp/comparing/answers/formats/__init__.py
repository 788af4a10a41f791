"""The kinds of files that gradients come in, each read within bounds."""
