"""Database servers that tests start themselves, on a free port of this machine and in a folder of their own."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

PASSWORD = "p@ss:w/rd %"
QUOTED = "p%40ss%3Aw%2Frd%20%25"
"""The password as an address writes it."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _program(name: str) -> str:
    """Where a program is; Debian keeps PostgreSQL's out of the PATH."""
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    found = str(places[-1]) if places else shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.skip(f"needs the program {name} of a database server, which is not on this machine")
    return found


@contextlib.contextmanager
def _folder(user: str) -> Iterator[tuple[Path, list[str]]]:
    """A folder, and what runs a command in it as another user where this one is root, as servers refuse to run so."""
    folder = Path(tempfile.mkdtemp(prefix="journeylab-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, user)
            yield folder, ["runuser", "-u", user, "--"]
        else:
            yield folder, []
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(command: list[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=120)


@contextlib.contextmanager
def postgres() -> Iterator[int]:
    """A PostgreSQL server; yields its port. The user is "owner" with `PASSWORD`."""
    initdb, pg_ctl = _program("initdb"), _program("pg_ctl")
    port = free_port()
    with _folder("postgres") as (folder, as_user):
        (folder / "password").write_text(PASSWORD)
        (folder / "password").chmod(0o644)
        data = str(folder / "data")
        secret = ["--auth=scram-sha-256", f"--pwfile={folder / 'password'}"]
        _run([*as_user, initdb, "-D", data, "-U", "owner", "-E", "UTF8", "--no-sync", *secret], folder)
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        start = [pg_ctl, "-D", data, "-o", options, "-l", str(folder / "log"), "-w", "start"]
        _run([*as_user, *start], folder)
        try:
            yield port
        finally:
            _run([*as_user, pg_ctl, "-D", data, "-m", "immediate", "-w", "stop"], folder)


@contextlib.contextmanager
def mariadb() -> Iterator[int]:
    """A MariaDB server with the database "shop"; yields its port. The user is "owner" with `PASSWORD`."""
    import pymysql

    install, server = _program("mariadb-install-db"), _program("mariadbd")
    port = free_port()
    with _folder("mysql") as (folder, as_user):
        data, own = str(folder / "data"), str(folder / "socket")
        _run(
            [*as_user, install, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal"],
            folder,
        )
        paths = [f"--datadir={data}", f"--socket={own}", f"--pid-file={folder / 'pid'}"]
        command = [*as_user, server, "--no-defaults", *paths, f"--port={port}", "--bind-address=127.0.0.1"]
        with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                root = _first_connection(own)
                with root, root.cursor() as cursor:
                    cursor.execute("CREATE DATABASE shop")
                    cursor.execute("CREATE USER owner@'127.0.0.1' IDENTIFIED BY %s", (PASSWORD,))
                    cursor.execute("GRANT ALL ON *.* TO owner@'127.0.0.1'")
                yield port
            finally:
                with contextlib.suppress(pymysql.Error), pymysql.connect(unix_socket=own, user="root") as root:
                    root.query("SHUTDOWN")
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(30)
                process.terminate()


def _first_connection(place: str):
    import pymysql

    for _ in range(150):
        try:
            return pymysql.connect(unix_socket=place, user="root")
        except pymysql.Error:
            time.sleep(0.2)
    raise RuntimeError("the server did not start in 30 seconds")
