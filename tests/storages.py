"""Where files can be stored: a local folder, and a bucket on a server that speaks S3."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Protocol
from uuid import uuid4

import pytest
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem


class Storage(Protocol):
    """A folder or a bucket of a test's own.

    :ivar files: the file system, for code that knows no Airflow.
    :ivar uri: what Airflow calls the storage.
    :ivar script: Python that makes ``files``, for another process.
    :ivar environment: what Airflow needs to reach it.
    """

    files: Any
    uri: str
    script: str
    environment: dict[str, str]

    def path(self, name: str) -> str:
        """Return what the file system calls a file."""

    def names(self) -> list[str]:
        """List everything that is there, uploads that were begun and not ended among it."""

    def versions(self) -> dict[str, Any]:
        """Return, for each file, its content and what shows that it was written again."""

    def read(self, name: str) -> bytes | None:
        """Return a file's content; None for none."""

    def write(self, name: str, content: bytes) -> None:
        """Put a file there, past the code under test."""


class Folder:
    """A local folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files: Any = LocalFileSystem()
        self.uri = f"file://{root}"
        self.script = "from fsspec.implementations.local import LocalFileSystem\nfiles = LocalFileSystem()\n"
        self.environment: dict[str, str] = {}

    def path(self, name: str) -> str:
        return str(self.root / name)

    def names(self) -> list[str]:
        return sorted(str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_file())

    def versions(self) -> dict[str, Any]:
        return {
            name: (state.st_ino, state.st_mtime_ns, state.st_size, self.read(name))
            for name in self.names()
            if (state := (self.root / name).stat())
        }

    def read(self, name: str) -> bytes | None:
        path = self.root / name
        return path.read_bytes() if path.exists() else None

    def write(self, name: str, content: bytes) -> None:
        (self.root / name).write_bytes(content)


class Bucket:
    """A bucket on moto's S3 server. What is asked about it goes through boto3, past the code under test."""

    def __init__(self, *, url: str) -> None:
        self.name = f"clips-{uuid4().hex[:12]}"
        self.files, self._client = _s3_clients(url)
        self.script = (
            f"import s3fs\nfiles = s3fs.S3FileSystem(key='tester', secret='secret', endpoint_url={url!r})\n"
        )
        self.uri = f"s3://aws_default@{self.name}"  # with the connection, as Airflow writes it
        connection = {
            "conn_type": "aws",
            "login": "tester",
            "password": "secret",
            "extra": {"endpoint_url": url, "region_name": "us-east-1"},
        }
        self.environment = {"AIRFLOW_CONN_AWS_DEFAULT": json.dumps(connection)}
        self._client.create_bucket(Bucket=self.name)

    def path(self, name: str) -> str:
        return f"{self.name}/{name}"

    def names(self) -> list[str]:
        begun = self._client.list_multipart_uploads(Bucket=self.name).get("Uploads", [])
        return sorted([*self.versions(), *(f"upload of {one['Key']}" for one in begun)])

    def versions(self) -> dict[str, Any]:
        listed = self._client.list_objects_v2(Bucket=self.name).get("Contents", [])
        return {one["Key"]: (one["ETag"], one["LastModified"], one["Size"]) for one in listed}

    def read(self, name: str) -> bytes | None:
        try:
            answer = self._client.get_object(Bucket=self.name, Key=name)
        except self._client.exceptions.NoSuchKey:
            return None
        content: bytes = answer["Body"].read()
        return content

    def write(self, name: str, content: bytes) -> None:
        self._client.put_object(Bucket=self.name, Key=name, Body=content)


@cache
def _s3_clients(url: str) -> tuple[Any, Any]:
    """Return a file system and another client. Each reads megabytes of descriptions of S3 when it is made."""
    import boto3
    import s3fs

    files = s3fs.S3FileSystem(key="tester", secret="secret", endpoint_url=url, skip_instance_cache=True)
    client = boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="tester",
        aws_secret_access_key="secret",
    )
    return files, client


class Memory:
    """A folder in the memory of this process. Airflow knows the scheme only while the folder is used."""

    script = ""
    environment: ClassVar[dict[str, str]] = {}

    def __init__(self) -> None:
        self.files: Any = MemoryFileSystem()
        self.root = f"/clips-{uuid4().hex[:12]}"
        self.uri = f"memory://{self.root}"

    def path(self, name: str) -> str:
        return f"{self.root}/{name}"

    def names(self) -> list[str]:
        return sorted(self.versions())

    def versions(self) -> dict[str, Any]:
        return {
            path.removeprefix(f"{self.root}/"): (stored.created, stored.modified, stored.getvalue())
            for path, stored in self.files.store.items()
            if path.startswith(f"{self.root}/")
        }

    def read(self, name: str) -> bytes | None:
        stored = self.files.store.get(self.path(name))
        return stored.getvalue() if stored is not None else None

    def write(self, name: str, content: bytes) -> None:
        self.files.pipe_file(self.path(name), content)


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """Run an S3 server on this machine; its address."""
    server = pytest.importorskip("moto.server", reason="the extra dev-latest is not installed")
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


def _bucket(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """Make a bucket, and let Airflow reach it."""
    from airflow.sdk.io.store import _STORE_CACHE

    bucket = Bucket(url=s3_server)
    for name, value in bucket.environment.items():
        monkeypatch.setenv(name, value)
    # A test that had no connection may have used its name, and Airflow keeps what it made of it.
    _STORE_CACHE.pop("s3-aws_default", None)
    return bucket


@pytest.fixture(params=["folder", "memory", "bucket"])
def any_storage(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Storage]:
    """Each kind of storage: a local folder, and object stores with and without conditional writes."""
    from airflow.sdk.io.store import _STORE_CACHE, attach

    if request.param == "bucket":
        yield _bucket(request.getfixturevalue("s3_server"), monkeypatch)
    elif request.param == "folder":
        yield Folder(tmp_path)
    else:
        memory = Memory()
        attach(protocol="memory", fs=memory.files)
        yield memory
        for name in memory.names():
            memory.files.rm_file(memory.path(name))
        _STORE_CACHE.pop("memory")


@pytest.fixture(params=["folder", "bucket"])
def storage(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Storage:
    """A folder, and a bucket: what is stored is stored the same in both."""
    if request.param == "folder":
        root = tmp_path / "storage"
        root.mkdir()
        return Folder(root)
    return _bucket(request.getfixturevalue("s3_server"), monkeypatch)
