"""`gpicl demo` as a user types it."""

import re
import signal
import socket
import subprocess
import sys
import webbrowser

import httpx
import pytest
import uvicorn

from gpicl.cli.main import main
from gpicl.demo.serve import reachable_from_elsewhere


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is another signal there")
def test_it_says_where_serves_there_and_ends_quietly(start_gpicl):
    process = start_gpicl("demo", "--port", "0")
    said = process.stdout.readline()
    address = re.fullmatch(r"Draw at (http://127\.0\.0\.1:\d+/) \(press Ctrl-C to stop\)\n", said)
    assert address, said
    with httpx.Client(base_url=address[1], timeout=None) as client:
        assert "Teach it by drawing" in client.get("/").text
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate()
    assert rest == "The demo has stopped.\n"
    assert process.returncode == 0


@pytest.fixture
def no_serving(monkeypatch):
    """In place of serving for ever, note what would be opened."""
    opened = []
    monkeypatch.setattr(uvicorn.Server, "run", lambda self, sockets: None)
    monkeypatch.setattr(webbrowser, "open", opened.append)
    return opened


def test_the_page_is_opened_on_request_alone(no_serving, capsys):
    assert main("demo --port 0".split()) == 0
    assert not no_serving
    assert main("demo --port 0 --open".split()) == 0
    (opened,) = no_serving
    assert f"Draw at {opened}" in capsys.readouterr().err


def test_answers_do_not_wait_for_acknowledgements(monkeypatch):
    waits = []

    def run(self, sockets):
        waits.extend(each.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 0 for each in sockets)

    monkeypatch.setattr(uvicorn.Server, "run", run)
    assert main("demo --port 0".split()) == 0
    assert waits == [False]


def test_a_server_that_others_can_reach_says_so(no_serving, capsys):
    assert main("demo --host 0.0.0.0 --port 0".split()) == 0
    said = capsys.readouterr().err
    assert "Anyone who can reach 0.0.0.0 can use this page." in said
    assert "Draw at http://127.0.0.1:" in said


@pytest.mark.parametrize(
    ("host", "reachable"),
    [("127.0.0.1", False), ("localhost", False), ("::1", False), ("0.0.0.0", True), ("::", True), ("box.local", True)],
)
def test_loopback_addresses_are_recognised(host, reachable):
    assert reachable_from_elsewhere(host) == reachable


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("--port 70000", "--port must be 0 to 65535"),
        ("--port many", "port"),
        ("--host 203.0.113.1", "Cannot listen on port 8000 of 203.0.113.1"),
        ("--port 0 --weights minst", "Did you mean 'mnist'"),
        ("--port 0 --weights nowhere/run", "No weights in"),
        ("--prot 3", "Did you mean port"),
    ],
)
def test_mistakes_get_one_paragraph_and_exit_code_2(no_serving, arguments, expected, capsys):
    assert main(["demo", *arguments.split()]) == 2
    said = capsys.readouterr().err
    assert expected in said
    assert said.strip().count("\n") == 0


def test_a_port_that_is_taken_is_refused(no_serving, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["demo", "--port", str(taken.getsockname()[1])]) == 2
    assert "Choose another port with --port" in capsys.readouterr().err


def test_without_its_packages_it_says_what_to_install():
    program = "import sys; sys.modules['fastapi'] = None; from gpicl.cli.main import main; sys.exit(main(['demo']))"
    refused = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert refused.returncode == 2
    assert 'pip install "gpicl[demo]"' in refused.stderr
    assert refused.stderr.strip().count("\n") == 0
