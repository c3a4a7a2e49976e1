"""Connections with TLS: what they carry, how they end, and what is said where they do not come about."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import socket
import ssl
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import anyio
import httpx
import pytest
from certificates import certificates, needs_openssl, server_context
from scripted import Exchange, Gone, scripted

import rawdock
from rawdock import Docker
from rawdock._transport.messages import WireRequest
from rawdock._transport.transport import AnswerStream, NetworkStream

pytestmark = [pytest.mark.anyio, needs_openssl]

LOOPS = pytest.mark.parametrize(
    "anyio_backend", ["asyncio", ("asyncio", {"use_uvloop": True}), "trio"], ids=["asyncio", "uvloop", "trio"]
)
VERSIONS = pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2], ids=["1.3", "1.2"])


def client(kind: str = "client") -> Path:
    return certificates().folder(kind)


def answer(exchange: Exchange) -> None:
    """Send back the body of a request, or as many bytes as its path asks for."""
    exchange.read()
    size = exchange.target.rpartition("/")[2]
    body = b"x" * int(size) if size.isdecimal() else exchange.body
    exchange.send(b"HTTP/1.1 200 OK\r\nApi-Version: 1.51\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


def upgrade(exchange: Exchange) -> None:
    """Echo until the client has ended its half, and then say goodbye."""
    exchange.read()
    exchange.send(b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nhello ")
    data = exchange.rest
    while data or (data := exchange.sock.recv(1 << 16)):
        exchange.send(data)
        data = b""
    exchange.send(b" bye")
    end(exchange)


def end(exchange: Exchange) -> NoReturn:
    """Close with TLS's closing message, as Go's servers do."""
    assert isinstance(exchange.sock, ssl.SSLSocket)
    with contextlib.suppress(OSError):
        exchange.sock.unwrap()
    raise Gone


async def upgraded(docker: Docker) -> NetworkStream:
    tail = b" HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n"
    request = WireRequest("POST", "/x", tail, base=httpx.URL("http://d"), mode="stream")
    response = await docker._transport.handle_async_request(request)
    assert response.status_code == 101
    stream: NetworkStream = response.extensions["network_stream"]
    return stream


@LOOPS
@VERSIONS
async def test_calls_streams_and_uploads(newest: ssl.TLSVersion) -> None:
    """Calls, large answers and large bodies go over one kept connection."""

    async def parts() -> Any:
        for size in (1, 70_000, 300_000):
            yield b"p" * size

    with scripted(answer, tls=server_context(client="ours", newest=newest)) as server:
        async with Docker(server.address, tls=client()) as docker:
            assert (await docker.request("GET", "/x/0")).content == b""
            assert (await docker.request("GET", "/x/3000000")).content == b"x" * 3_000_000
            body = os.urandom(2_000_000)
            assert (await docker.request("PUT", "/x", content=body)).content == body
            assert (await docker.request("PUT", "/x", content=parts())).content == b"p" * 370_001
            assert server.connections == 1
    assert not server.refused


@LOOPS
@pytest.mark.parametrize("into", [False, True], ids=["read", "to a sink"])
async def test_what_was_received_already_is_read(into: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A buffer smaller than a record of TLS: the rest of the record wakes no selector, and is read all the same."""
    monkeypatch.setattr("rawdock._transport.pool._RECEIVE_BUFFER", 1000)
    with scripted(answer, tls=server_context()) as server:
        async with Docker(server.address, tls=client()) as docker:
            assert (await docker.request("GET", "/x/100000")).content == b"x" * 100_000
            request = WireRequest("GET", "/x/100000", b" HTTP/1.1\r\nHost: d\r\n\r\n", base=docker._base, mode="stream")
            response = await docker._transport.handle_async_request(request)
            stream = response.stream
            assert isinstance(stream, AnswerStream)
            got = bytearray()
            if into:
                await stream.read_into(got.extend)
            else:
                async for piece in stream:
                    got += piece
            await stream.aclose()
            assert bytes(got) == b"x" * 100_000
            assert (await docker.system.ping()).api_version == "1.51"
            assert server.connections == 1


@LOOPS
@VERSIONS
async def test_the_sending_half_is_ended_alone(newest: ssl.TLSVersion) -> None:
    """A megabyte goes each way at once; ending the sending half loses nothing of what comes meanwhile."""
    data = os.urandom(1 << 20)
    with scripted(upgrade, tls=server_context(newest=newest)) as server:
        async with Docker(server.address, tls=client()) as docker:
            stream = await upgraded(docker)
            got = bytearray()

            async def write() -> None:
                for start in range(0, len(data), 100_000):
                    await stream.write(data[start : start + 100_000])
                await stream.send_eof()

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(write)
                while part := await stream.read(70_000):
                    got += part
            assert bytes(got) == b"hello " + data + b" bye"
            await stream.aclose()


@LOOPS
async def test_the_half_is_ended_before_the_rest_is_read() -> None:
    """What had come and was not read before the sending half was ended is kept."""
    with scripted(upgrade, tls=server_context()) as server:
        async with Docker(server.address, tls=client()) as docker:
            stream = await upgraded(docker)
            data = os.urandom(300_000)
            for start in range(0, len(data), 1000):
                await stream.write(data[start : start + 1000])
            await stream.send_eof()
            got = bytearray()
            while part := await stream.read(1 << 20):
                got += part
            assert bytes(got) == b"hello " + data + b" bye"
            await stream.aclose()


@LOOPS
async def test_a_cancelled_send_leaves_whole_records() -> None:
    """A send that is given up while the peer does not read leaves a stream that can be read to its last byte."""
    first, second = b"a" * 8_000_000, b"b" * 10
    got = bytearray()
    reading = threading.Event()

    def script(exchange: Exchange) -> None:
        exchange.read()
        exchange.send(b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
        reading.wait(30)
        while data := exchange.sock.recv(1 << 16):
            got.extend(data)
        end(exchange)

    with scripted(script, tls=server_context()) as server:
        async with Docker(server.address, tls=client()) as docker:
            stream = await upgraded(docker)
            with anyio.move_on_after(0.2) as scope:
                await stream.write(first)
            assert scope.cancelled_caught
            reading.set()
            await stream.write(second)
            await stream.send_eof()
            assert await stream.read(10) == b""
            await stream.aclose()
    assert bytes(got) == b"a" * (len(got) - len(second)) + second
    assert len(got) > len(second)


@LOOPS
async def test_an_idle_connection_that_was_closed_is_not_used() -> None:
    """A connection that the Engine has closed meanwhile is replaced."""

    def once(exchange: Exchange) -> None:
        answer(exchange)
        raise Gone

    with scripted(once, tls=server_context()) as server:
        async with Docker(server.address, tls=client()) as docker:
            for _ in range(3):
                assert (await docker.request("GET", "/x/5")).content == b"xxxxx"
                server.threads[-1].join(30)
            assert server.connections == 3


@LOOPS
@pytest.mark.parametrize("ended", [True, False], ids=["ended", "cut"])
async def test_a_cut_answer_is_not_taken_for_a_whole_one(ended: bool) -> None:
    """An answer that lasts until the connection is closed is whole only if TLS says that it has ended."""

    def script(exchange: Exchange) -> None:
        exchange.read()
        exchange.send(b"HTTP/1.1 200 OK\r\nApi-Version: 1.51\r\n\r\nbody")
        if ended:
            end(exchange)
        raise Gone

    with scripted(script, tls=server_context()) as server:
        async with Docker(server.address, tls=client()) as docker:
            if ended:
                assert (await docker.request("GET", "/x")).content == b"body"
            else:
                with pytest.raises(rawdock.TruncatedError, match="without the closing message"):
                    await docker.request("GET", "/x")


# What is refused, by the server and by this side.

REFUSED = {
    "none": "No client certificate was given",
    "client, of others": "authority|accepts",
    "client, expired": "expired",
    "client, for servers": "clientAuth|accept",
}


@LOOPS
@VERSIONS
@pytest.mark.parametrize("kind", REFUSED)
async def test_a_refused_client_certificate(kind: str, newest: ssl.TLSVersion, tmp_path: Path) -> None:
    """The reason is told, though with TLS 1.3 it comes only after the handshake; for calls, streams and uploads."""
    folder = tmp_path / "certificates"
    certificates().copy("client" if kind == "none" else kind, folder)
    if kind == "none":
        (folder / "cert.pem").unlink()
        (folder / "key.pem").unlink()
    with scripted(answer, tls=server_context(client="ours", newest=newest)) as server:
        async with Docker(server.address, tls=folder, version="1.51") as docker:

            async def stream() -> None:
                async with docker.system.events() as events:
                    async for _ in events:
                        pass

            calls: list[Callable[[], Any]] = [
                docker.system.ping,
                lambda: docker.request("PUT", "/x", content=b"b" * 5_000_000),
                stream,
            ]
            for call in calls:
                with pytest.raises(rawdock.ConnectError, match=REFUSED[kind]) as caught:
                    await call()
                assert "127.0.0.1" in str(caught.value)
            assert docker._transport.pool.open_connections == 0  # type: ignore[attr-defined]
    assert not server.exchanges


VERIFIED = {
    ("server, expired", "ours"): "has expired. Renew it",
    ("server, another host", "ours"): "127.0.0.1 is not among its subject alternative names",
    ("server, no names", "ours"): "subject alternative names",
    ("server", "theirs"): r"not signed by an authority in .*ca\.pem",
}


@LOOPS
@pytest.mark.parametrize(("kind", "authority"), VERIFIED)
async def test_a_server_that_is_not_trusted(kind: str, authority: str, tmp_path: Path) -> None:
    """Expired certificates, those for another host and those of an unknown authority are refused, with a remedy."""
    folder = certificates().copy("client", tmp_path / "client", ca=authority)
    with scripted(answer, tls=server_context(kind)) as server:
        async with Docker(server.address, tls=folder) as docker:
            with pytest.raises(rawdock.ConnectError, match=VERIFIED[kind, authority]):
                await docker.system.ping()
        server.threads[0].join(30)
        assert len(server.refused) == 1
        assert not server.exchanges


async def test_a_variable_of_openssl_does_not_count(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where an authority is given, those of SSL_CERT_FILE and SSL_CERT_DIR are not trusted."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates().authority("ours")))
    folder = certificates().copy("client", tmp_path / "client", ca="theirs")
    with scripted(answer, tls=server_context()) as server:
        async with Docker(server.address, tls=folder) as docker:
            with pytest.raises(rawdock.ConnectError, match="not signed by an authority"):
                await docker.system.ping()


async def test_a_context_of_the_caller() -> None:
    """An ssl.SSLContext is used as it is."""
    context = ssl.create_default_context(cafile=str(certificates().authority()))
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    with scripted(answer, tls=server_context()) as server:
        async with Docker(server.address, tls=context) as docker:
            assert (await docker.system.ping()).api_version == "1.51"
        strange = ssl.create_default_context(cafile=str(certificates().authority("theirs")))
        async with Docker(server.address, tls=strange) as docker:
            with pytest.raises(rawdock.ConnectError, match="an authority that this system knows"):
                await docker.system.ping()


@LOOPS
async def test_renewed_files_are_used(tmp_path: Path) -> None:
    """New connections use the files that are there now; a connection that is open is not touched."""
    folder = certificates().copy("client", tmp_path / "client")
    with scripted(answer, tls=server_context()) as server:
        async with Docker(server.address, tls=folder) as docker:
            await docker.system.ping()
            certificates().copy("client", folder, ca="theirs")
            await docker.system.ping()
            assert server.connections == 1
            async with docker.system.events() as _:
                with pytest.raises(rawdock.ConnectError, match="not signed"):
                    await docker.system.ping()
                (folder / "key.pem").write_text("half of a fi")
                with pytest.raises(rawdock.ConnectError, match=r"key\.pem holds no private key"):
                    await docker.system.ping()
                certificates().copy("client", folder)
                await docker.system.ping()


# Ports that speak something else, or nothing.


@LOOPS
async def test_a_plain_port() -> None:
    """TLS to a port that speaks plain HTTP says so."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            sock, _ = listener.accept()
            with sock:
                sock.recv(4096)
                sock.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n400 Bad Request")

    thread = threading.Thread(target=serve)
    thread.start()
    async with Docker(f"tcp://127.0.0.1:{listener.getsockname()[1]}", tls=client()) as docker:
        with pytest.raises(rawdock.ConnectError, match="answers in plain HTTP, without TLS"):
            await docker.system.ping()
    thread.join(30)
    listener.close()


@LOOPS
async def test_a_tls_port_without_tls() -> None:
    """Plain HTTP to a TLS port: the Engine's own complaint, and what to do about it."""
    text = b"Client sent an HTTP request to an HTTPS server.\n"

    def script(exchange: Exchange) -> None:
        exchange.read()
        exchange.send(b"HTTP/1.0 400 Bad Request\r\n\r\n" + text)
        raise Gone

    with scripted(script, tcp=True) as server:
        async with Docker(server.address, version="1.51") as docker:
            with pytest.raises(rawdock.BadRequest, match=r"HTTPS server\..*DOCKER_TLS_VERIFY"):
                await docker.system.info()


@contextlib.contextmanager
def talking(data: bytes) -> Iterator[str]:
    """A port that sends these bytes to each connection, waits for it to say something, and closes."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = listener.accept()
                with sock:
                    sock.settimeout(30)
                    sock.recv(4096)
                    sock.sendall(data)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"tcp://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(30)


@LOOPS
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "closed the connection during the TLS handshake|handshake with .* failed"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "does not speak TLS|handshake"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "speaks no version of TLS"),
        (b"\x15\x03\x03\x00\x02\x02\x28", "refused the TLS connection"),
    ],
    ids=["closes", "ssh", "an old version", "an alert"],
)
async def test_ports_that_do_not_speak_it(data: bytes, words: str) -> None:
    """What else may listen at a port is an error that says what to look at."""
    with talking(data) as address:
        async with Docker(address, tls=client()) as docker:
            with pytest.raises(rawdock.ConnectError, match=words):
                await docker.system.ping()


@LOOPS
async def test_a_silent_port() -> None:
    """The time limit of a connection covers the handshake."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        async with Docker(address, tls=client(), connect_timeout=0.1) as docker:
            with pytest.raises(rawdock.ConnectError, match=r"handshake was not done within 0\.1 s"):
                await docker.system.ping()
            assert docker._transport.pool.open_connections == 0  # type: ignore[attr-defined]


@LOOPS
@pytest.mark.parametrize("task", [False, True], ids=["scope", "task"])
async def test_a_cancelled_handshake_is_closed(task: bool, anyio_backend: Any) -> None:
    """Nothing stays open after a connection that is given up, by either kind of cancellation."""
    if task and anyio_backend == "trio":
        pytest.skip("trio has no Task.cancel")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        async with Docker(address, tls=client()) as docker:
            if task:
                import asyncio

                running = asyncio.ensure_future(docker.system.ping())
                sock, _ = await anyio.to_thread.run_sync(listener.accept)
                running.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await running
            else:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(docker.system.ping)
                    sock, _ = await anyio.to_thread.run_sync(listener.accept)
                    tasks.cancel_scope.cancel()
            with sock:
                sock.settimeout(30)
                while await anyio.to_thread.run_sync(sock.recv, 4096):
                    pass  # the beginning of the handshake, and then the end


# Files that cannot be used are found before anything is sent.


def broken(folder: Path, what: str) -> None:
    if what == "no ca.pem":
        (folder / "ca.pem").unlink()
    elif what == "rubbish ca.pem":
        (folder / "ca.pem").write_text("rubbish")
    elif what == "rubbish cert.pem":
        (folder / "cert.pem").write_text("-----BEGIN CERTIFICATE-----\nrubbish\n-----END CERTIFICATE-----\n")
    elif what == "key.pem for cert.pem":
        shutil.copy(folder / "key.pem", folder / "cert.pem")
    elif what == "rubbish key.pem":
        (folder / "key.pem").write_text("-----BEGIN PRIVATE KEY-----\nrubbish\n-----END PRIVATE KEY-----\n")
    elif what == "another key.pem":
        shutil.copy(certificates().folder("server") / "key.pem", folder / "key.pem")
    elif what == "only cert.pem":
        (folder / "key.pem").unlink()
    elif what == "only key.pem":
        (folder / "cert.pem").unlink()
    elif what == "encrypted key.pem":
        key, encrypted = str(folder / "key.pem"), str(folder / "encrypted")
        command = ["openssl", "pkey", "-in", key, "-aes256", "-passout", "pass:secret", "-out", encrypted]
        subprocess.run(command, check=True, capture_output=True)
        shutil.move(encrypted, key)
    elif what == "a folder":
        (folder / "key.pem").unlink()
        (folder / "key.pem").mkdir()


BROKEN = {
    "no ca.pem": r"there is no .*ca\.pem",
    "rubbish ca.pem": r"ca\.pem holds no certificate in PEM form",
    "rubbish cert.pem": r"cannot be used as a client certificate",
    "key.pem for cert.pem": r"cert\.pem holds no certificate",
    "rubbish key.pem": r"cannot be used as a client certificate",
    "another key.pem": r"key\.pem is not the key of the certificate",
    "only cert.pem": r"there is .*cert\.pem, but no key\.pem beside it",
    "only key.pem": r"there is .*key\.pem, but no cert\.pem beside it",
    "encrypted key.pem": r"encrypted with a passphrase, for which nobody is asked",
    "a folder": r"cannot read .*key\.pem: Is a directory",
}


@pytest.mark.parametrize("what", BROKEN)
@pytest.mark.parametrize("way", ["argument", "environment", "context"])
def test_files_that_cannot_be_used(what: str, way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each problem with a file is named by `Docker()` itself, wherever the files come from; no key is in the error."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    if way == "context":
        from addresses import write_context

        folder = write_context(tmp_path, "far", "tcp://127.0.0.1:1", client())
    else:
        folder = certificates().copy("client", tmp_path / "client")
    broken(folder, what)
    if what == "no ca.pem" and way == "context":
        Docker(context="far")  # the authorities of the system
        return
    arguments: dict[str, Any] = {"context": "far"} if way == "context" else {"address": "tcp://127.0.0.1:1"}
    if way == "argument":
        arguments["tls"] = folder
    if way == "environment":
        monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
        monkeypatch.setenv("DOCKER_CERT_PATH", str(folder))
    with pytest.raises(rawdock.AddressError, match=BROKEN[what]) as caught:
        Docker(**arguments)
    error: BaseException | None = caught.value
    while error is not None:
        assert "BEGIN" not in str(error)
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize(
    ("given", "words"),
    [(5, "expected a folder"), ("", "expected the path"), ("a\0b", "expected the path"), (b"x", "expected a folder")],
)
def test_wrong_values(given: Any, words: str) -> None:
    """`tls` is a folder or a context, and for TCP only."""
    with pytest.raises(rawdock.InvalidArgument, match=words):
        Docker("tcp://h:1", tls=given)
    with pytest.raises(rawdock.AddressError, match="there is no folder"):
        Docker("tcp://h:1", tls="/nowhere")
    with pytest.raises(rawdock.InvalidArgument, match="is for a server"):
        Docker("tcp://h:1", tls=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    with pytest.raises(rawdock.InvalidArgument, match=r"for tcp:// addresses only"):
        Docker("unix:///s", tls=client())


def test_curl_says_how_to_repeat_it() -> None:
    """The request of an error has the files in its `curl` line."""
    docker = Docker("tcp://127.0.0.1:1/base", tls=client(), version="1.51")
    with pytest.raises(rawdock.ConnectError) as caught:
        anyio.run(docker.system.info)
    line = caught.value.curl()
    assert line.startswith(f"curl --cacert {client()}/ca.pem --cert {client()}/cert.pem --key {client()}/key.pem ")
    assert line.endswith("https://127.0.0.1:1/base/v1.51/info")


def test_the_authority_is_as_docker_documents_it() -> None:
    """It has no key usage, for which a default context of Python 3.13 would refuse all that it has signed."""
    authority = ["openssl", "x509", "-noout", "-text", "-in", str(certificates().authority())]
    assert "Key Usage" not in subprocess.run(authority, check=True, capture_output=True, text=True).stdout


def talk_by_hand(process: subprocess.Popen[bytes], lines: list[bytes]) -> None:
    """Type lines once a request has come, each when the one before was read."""
    assert process.stdin is not None
    assert process.stdout is not None
    said = b""
    while b"GET /x" not in said:
        said += os.read(process.stdout.fileno(), 4096)
    for line in lines:
        os.write(process.stdin.fileno(), line)
        while fcntl.ioctl(process.stdin, termios.FIONREAD, b"\0" * 4) != b"\0" * 4:
            time.sleep(0.01)


@LOOPS
async def test_keys_that_are_changed_meanwhile() -> None:
    """The peer changes its keys and asks for ours to be changed, between the parts of an answer."""
    folder = certificates().folder("server")
    command = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-tls1_3", "-crlf", "-naccept", "1"]
    command += ["-cert", str(folder / "cert.pem"), "-key", str(folder / "key.pem")]
    with subprocess.Popen(  # noqa: ASYNC220
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout is not None
        said = b""
        while (found := re.search(rb"ACCEPT \S+:(\d+)\n", said)) is None:
            said += os.read(process.stdout.fileno(), 4096)
        # A line that begins with K changes the keys.
        lines = [b"HTTP/1.1 200 OK\n\n", b"K\n", b"one\n", b"K\n", b"two\n"]
        thread = threading.Thread(target=talk_by_hand, args=(process, lines))
        thread.start()
        async with Docker(f"tcp://localhost:{int(found[1])}", tls=client(), version="1.51") as docker:
            request = WireRequest("GET", "/x", b" HTTP/1.1\r\nHost: d\r\n\r\n", base=docker._base, mode="stream")
            response = await docker._transport.handle_async_request(request)
            assert isinstance(response.stream, AnswerStream)
            got = b""
            while b"two" not in got:
                got += b"".join(await response.stream.read())
            assert got.split() == [b"one", b"two"]
            await response.aclose()
        thread.join(30)
        process.kill()
