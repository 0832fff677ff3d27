"""The notebooks run from the first cell to the last, and are committed with what they showed."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
SMOKE = {"GPICL_NOTEBOOK_STEPS": "2", "GPICL_NOTEBOOK_EPISODES": "8", "OMP_NUM_THREADS": "1"}


def code_cells(path: Path):
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def test_there_are_four():
    assert [path.stem for path in NOTEBOOKS] == [
        "1-task-generation",
        "2-parameter-sweep",
        "3-model-comparison",
        "4-sequence-meta-test",
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_committed_with_its_outputs_in_order_and_is_small(path):
    cells = code_cells(path)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert any("image/png" in output.get("data", {}) for cell in cells for output in cell.outputs)
    assert not [output for cell in cells for output in cell.outputs if output.output_type == "error"]
    assert path.stat().st_size < 1_000_000


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_holds_narrative_and_no_logic_of_its_own(path):
    book = nbformat.read(path, as_version=4)
    words = sum(len(cell.source.split()) for cell in book.cells if cell.cell_type == "markdown")
    assert words > 100
    assert not any(line.startswith("class ") for cell in code_cells(path) for line in cell.source.splitlines())


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_from_the_first_cell_to_the_last(path, tmp_path, monkeypatch):
    for name, value in {**SMOKE, "GPICL_NOTEBOOK_RUNS": str(tmp_path / "runs")}.items():
        monkeypatch.setenv(name, value)
    book = nbformat.read(path, as_version=4)
    client = NotebookClient(book, timeout=None, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}})
    client.execute()
    executed = [cell for cell in book.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in executed)
