"""rawdock and docker-py over TLS. The fake Engine has written its address and the client's certificates."""

from __future__ import annotations

from pathlib import Path

from bench_lib import sizes
from bench_lib.with_rawdock import Rawdock

__all__ = ["DockerPyTls", "RawdockTls"]


def _place(path: str) -> tuple[str, Path]:
    folder = Path(path).with_name("tls")
    return (folder / "address").read_text(), folder / "client"


class RawdockTls:
    async def open(self, path: str, container: str) -> None:
        import rawdock

        address, certificates = _place(path)
        self.rawdock = Rawdock()
        self.rawdock.docker, self.rawdock.container = rawdock.Docker(address, tls=certificates), container

    async def close(self) -> None:
        await self.rawdock.docker.aclose()

    async def tls_ping(self) -> None:
        await self.rawdock.ping()

    async def tls_download(self) -> None:
        await self.rawdock.download()


class DockerPyTls:
    async def open(self, path: str, container: str) -> None:
        import docker
        import docker.tls

        address, certificates = _place(path)
        pair = (str(certificates / "cert.pem"), str(certificates / "key.pem"))
        tls = docker.tls.TLSConfig(client_cert=pair, ca_cert=str(certificates / "ca.pem"), verify=True)
        self.client = docker.APIClient(base_url=address, tls=tls, version="1.41")
        self.client.trust_env = False  # as it is steered by REQUESTS_CA_BUNDLE
        self.container = container

    async def close(self) -> None:
        self.client.close()

    async def tls_ping(self) -> None:
        self.client.ping()

    async def tls_download(self) -> None:
        parts, _ = self.client.get_archive(self.container, "/", chunk_size=2 << 20)
        sizes.check_download(sum(map(len, parts)))
