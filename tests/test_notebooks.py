"""The notebooks run from beginning to end."""

import importlib.util
from pathlib import Path

import pytest

from tests.conftest import need

NOTEBOOKS = sorted((Path(__file__).parent.parent / "examples").glob("*.ipynb"))
pytestmark = pytest.mark.slow


@pytest.mark.filterwarnings("default")  # of the notebook's own machinery
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_each_notebook_runs(path, tmp_path):
    need(all(map(importlib.util.find_spec, ("nbclient", "ipykernel"))), "the notebook extra")
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert outputs
    assert not any(output.output_type == "error" for output in outputs)
