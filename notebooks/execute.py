"""Execute notebooks and store their outputs, without times and widgets' state.

Usage: `make notebooks`, or `python notebooks/execute.py FILE ...`. A stored widget
state would hide the static picture that every widget brings, and both would change
with every execution.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient


def execute(path: Path) -> None:
    """Execute a notebook in its folder, and write it back."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        store_widget_state=False,
        record_timing=False,
        shutdown_kernel="immediate",
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.execute()
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    nbformat.write(notebook, path)
    print(path)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        execute(Path(name))
