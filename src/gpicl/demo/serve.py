"""Serving the demo on a local port."""

import socket
import webbrowser
from collections.abc import Callable
from ipaddress import ip_address

from gpicl.errors import ConfigError


def serve(
    host: str,
    port: int,
    weights: str,
    open_browser: bool,
    on_ready: Callable[[str], object],
    device: str | None = None,
) -> None:
    """Serve until interrupted.

    Args:
        host: Name or address to listen on; `127.0.0.1` accepts connections from this machine only.
        port: Port; 0 picks a free one.
        weights: See `make_app`.
        open_browser: Open the page in the default browser.
        on_ready: Called with the page's address when the server accepts connections.
        device: Device of the learners; see `find_device`.

    Raises:
        ConfigError: If the packages of `gpicl[demo]` are not installed, the port is not available, or there is no such
            device.
        UnknownNameError: If there are no such weights.
        CheckpointError: If the weights are damaged.
    """
    try:
        import fastapi  # noqa: F401
        import uvicorn
    except ImportError as error:
        raise ConfigError(
            f'Cannot serve the demo: {error}. Install the missing packages: pip install "gpicl[demo]".'
        ) from error
    from gpicl.demo.app import make_app
    from gpicl.demo.limits import CONNECTIONS

    with _listen(host, port) as listening:
        app = make_app(weights, device)
        address = _address(host, listening.getsockname()[1])
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            limit_concurrency=CONNECTIONS,
            # Closing a connection just as its next request arrives is an error for the client.
            timeout_keep_alive=60,
            # An open page should not delay the shutdown.
            timeout_graceful_shutdown=1,
        )
        on_ready(address)
        if open_browser:
            webbrowser.open(address)
        try:
            uvicorn.Server(config).run(sockets=[listening])
        except KeyboardInterrupt:
            return


def reachable_from_elsewhere(host: str) -> bool:
    """Whether other machines may be able to connect to this host name or address."""
    try:
        return not ip_address(host).is_loopback
    except ValueError:
        return host != "localhost"


def _listen(host: str, port: int) -> socket.socket:
    if not 0 <= port <= 65535:
        raise ConfigError(f"--port must be 0 to 65535, where 0 picks a free one, not {port}.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family)
        # Responses are written in two parts, and without this option the second waits 40 ms for the client to
        # acknowledge the first. Accepted sockets inherit it; asyncio sets it only on sockets created with TCP's number.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listening
    except OSError as error:
        raise ConfigError(
            f"Cannot listen on port {port} of {host}: {error.strerror or error}. Choose another port with --port "
            "(0 picks a free one), or another address with --host."
        ) from error


def _address(host: str, port: int) -> str:
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port}/"
