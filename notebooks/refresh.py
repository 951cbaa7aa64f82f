"""Run notebooks and write their outputs back, without what only says something about the machine they ran on.

`.venv/bin/python notebooks/refresh.py [NAME ...]`
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

_FOLDER = Path(__file__).parent


def refresh(path: Path) -> None:
    """Run one notebook and write it back."""
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(_FOLDER)}}).execute()
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
        cell.metadata = {}
        if cell.cell_type == "code":
            cell.outputs = [] if cell.source.startswith("%pip") else list(filter(_says_something, cell.outputs))
            for output in cell.outputs:
                if "metadata" in output:  # such as a ground to paint behind transparent figures
                    output["metadata"] = {}
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python", "version": "3"},
    }
    nbformat.write(notebook, path)  # type: ignore[no-untyped-call]


def _says_something(output: Any) -> bool:
    return not (output.output_type == "stream" and output.name == "stderr")


if __name__ == "__main__":
    for chosen in [_FOLDER / name for name in sys.argv[1:]] or sorted(_FOLDER.glob("*.ipynb")):
        refresh(chosen)
