"""`gpicl demo`."""

from rich.console import Console

from gpicl.cli.typed_command import run_typed_command
from gpicl.demo.serve import reachable_from_elsewhere, serve


def main(arguments: list[str]) -> None:
    """Run the command."""

    def demo(
        host: str = "127.0.0.1",
        port: int = 8000,
        weights: str = "general",
        open: bool = False,
        device: str | None = None,
    ) -> None:
        """Serve a page where you teach a learner by drawing.

        Args:
            host: Name or address to listen on; the default accepts connections from this machine only.
            port: Port to listen on; 0 picks a free one.
            weights: Initial learner, a shipped name (general, mnist, synthetic) or the folder of a run.
            open: Open the page in the browser.
            device: Device, such as cpu, cuda or cuda:1; the default is the GPU if there is one.
        """
        console = Console(stderr=True)

        def say(text: str) -> None:
            console.print(text, highlight=False, soft_wrap=True, markup=False)

        def ready(address: str) -> None:
            if reachable_from_elsewhere(host):
                say(f"Anyone who can reach {host} can use this page.")
            say(f"Draw at {address} (press Ctrl-C to stop)")

        serve(host, port, weights, open, ready, device)
        say("The demo has stopped.")

    run_typed_command(demo, arguments)
