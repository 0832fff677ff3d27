"""`gpicl export`."""

from pathlib import Path

from rich.console import Console

from gpicl.cli.typed_command import run_typed_command
from gpicl.errors import UnknownNameError
from gpicl.files import check_output, make_folder

_FORMATS = ("onnx",)


def main(arguments: list[str]) -> None:
    """Run the command."""

    def export(run: str, format: str = "onnx", output: str = "model.onnx", classes: int | None = None) -> None:
        """Write the learner of a run as a model for other programs.

        Args:
            run: Folder of a finished run, or a shipped name (general, mnist, synthetic).
            format: onnx, which onnxruntime and other programs read.
            output: File to write.
            classes: Number of classes, for learners that take any number; the default is the number in meta-training.
        """
        from gpicl.weights import CARD_FILE, WEIGHTS_FILE, find_weights, load_weights
        from gpicl.weights.onnx_export import export_onnx

        if format not in _FORMATS:
            raise UnknownNameError("format", format, _FORMATS)
        folder = find_weights(run)
        check_output(output, [folder / WEIGHTS_FILE, folder / CARD_FILE])
        learner = load_weights(folder)
        make_folder(Path(output).parent)
        export_onnx(learner, Path(output), classes)
        Console(stderr=True).print(f"Model: {output}", highlight=False, soft_wrap=True, markup=False)

    run_typed_command(export, arguments, renamed={"num_classes": "classes"})
