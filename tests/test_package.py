"""The package as a whole: cheap to import, complete when built."""

import ast
import re
import subprocess
import sys
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def test_importing_it_does_not_import_torch():
    program = "import gpicl, sys; assert 'torch' not in sys.modules; gpicl.TaskAugmentor; assert 'torch' in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_reading_a_configuration_imports_neither_torch_nor_lightning():
    program = """
import sys
from gpicl.metatraining import RunConfig, load_preset
load_preset("quickstart")
assert not {"torch", "lightning"} & set(sys.modules)
from gpicl.metatraining import MetaTraining
assert "lightning" in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_meta_testing_does_not_import_lightning():
    program = "import gpicl.metatesting, sys; assert 'lightning' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("program", ["import gpicl", "from gpicl.cli.main import main; main(['--help'])"])
def test_it_is_there_at_once(program):
    """What takes time is to import other packages, so it imports none."""
    program = f"import sys; before = set(sys.modules); {program}; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    imported = {name.partition(".")[0] for name in done.stdout.splitlines()[-1].split()}
    assert "gpicl" in imported
    assert imported - sys.stdlib_module_names == {"gpicl"}


@pytest.mark.parametrize("module", ["gpicl", "gpicl.cli.main"])
def test_the_command_can_be_called_as_a_module(module):
    shown = subprocess.run([sys.executable, "-m", module, "--help"], check=True, capture_output=True, text=True)
    assert shown.stdout.startswith("usage: gpicl ")


def test_its_public_names_are_those_it_says():
    import gpicl

    for name in gpicl.__all__:
        assert getattr(gpicl, name) is not None
    assert set(gpicl.__all__) <= set(dir(gpicl))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        gpicl.nothing  # noqa: B018


def test_type_checkers_see_every_public_name():
    import gpicl

    tree = ast.parse(Path(gpicl.__file__).read_text())
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    declared = {alias.name: node.module for node in block.body for alias in node.names}
    assert declared == gpicl._MODULE_OF
    assert sorted(gpicl.__all__) == sorted(declared)


def test_every_package_that_is_imported_is_declared():
    tomllib = pytest.importorskip("tomllib")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"], *(line for extra in project["optional-dependencies"].values() for line in extra)]
    declared = {re.match(r"[\w-]+", line)[0].lower() for line in lines}
    distributions = packages_distributions()
    missing = {}
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            for name in {name.partition(".")[0] for name in names} - sys.stdlib_module_names - {"gpicl"}:
                if not {each.lower() for each in distributions.get(name, [name])} & declared:
                    missing[name] = path.name
    missing.pop("triton", None)  # comes with PyTorch for GPUs, and is not needed
    assert missing == {}


@pytest.mark.slow
def test_the_wheel_holds_every_file_of_the_package_and_no_test(tmp_path):
    subprocess.run([sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path), str(ROOT)], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    tracked = subprocess.run(["git", "ls-files", "src"], cwd=ROOT, check=True, capture_output=True, text=True)
    files = {name.removeprefix("src/") for name in tracked.stdout.splitlines()}
    assert {"gpicl/py.typed", "gpicl/weights/shipped/general/weights.safetensors"} < files
    assert files <= names
    assert {name.partition("/")[0] for name in names - files} == {next(iter(names - files)).partition("/")[0]}
