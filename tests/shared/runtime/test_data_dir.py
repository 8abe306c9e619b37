import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from shared.runtime.data_dir import DataDir, socket_folder, write_private
from shared.runtime.errors import StartError

HOLDER = """
import pathlib, sys
from shared.runtime.data_dir import DataDir

data_dir = DataDir(pathlib.Path(sys.argv[1]))
data_dir.__enter__()
print(data_dir.sockets(), flush=True)
data_dir.announce("http://127.0.0.1:8080")
print("announced", flush=True)
sys.stdin.read()
"""


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _holder(path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_everything_in_it_is_for_its_owner_only(tmp_path: Path) -> None:
    with DataDir(tmp_path / "data") as data_dir:
        data_dir.role_password("migplan_ingest")
        data_dir.keypair("gateway")
        data_dir.admin_password()
        data_dir.announce("http://127.0.0.1:1")

        found = [data_dir.path, *data_dir.path.rglob("*")]

    assert all(_mode(path) in (0o700, 0o600) for path in found if path.exists())
    assert len(found) > 6


def test_a_secret_is_made_once_and_kept(tmp_path: Path) -> None:
    with DataDir(tmp_path) as data_dir:
        first = data_dir.role_password("migplan_ingest")
        other = data_dir.role_password("migplan_planner")
        keys = data_dir.keypair("gateway")
    with DataDir(tmp_path) as data_dir:
        assert first == data_dir.role_password("migplan_ingest")
        assert keys == data_dir.keypair("gateway")
    assert first != other
    assert "PRIVATE KEY" in keys[0]
    assert "PUBLIC KEY" in keys[1]


def test_the_admin_password_says_when_it_is_new(tmp_path: Path) -> None:
    with DataDir(tmp_path) as data_dir:
        password, is_new = data_dir.admin_password()
        assert is_new
        assert (password, False) == data_dir.admin_password()


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "a/b/c", "", ".hidden"])
def test_a_secrets_name_stays_inside(tmp_path: Path, name: str) -> None:
    with DataDir(tmp_path) as data_dir, pytest.raises(ValueError, match="not a name"):
        data_dir.secret(name, lambda: "x")


def test_a_second_process_is_told_who_holds_it_and_where(tmp_path: Path) -> None:
    with _holder(tmp_path) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        holder.stdout.readline()
        assert holder.stdout.readline() == "announced\n"

        with (
            pytest.raises(StartError, match=rf"process {holder.pid}.*http://127\.0\.0\.1:8080"),
            DataDir(tmp_path),
        ):
            pass
        holder.stdin.close()


def test_a_killed_process_leaves_neither_lock_nor_sockets(tmp_path: Path) -> None:
    data = tmp_path / ("x" * 100)  # so that the sockets lie in a temporary folder
    with _holder(data) as holder:
        assert holder.stdout is not None
        sockets = Path(holder.stdout.readline().strip())
        assert holder.stdout.readline() == "announced\n"
        assert sockets.is_dir()
        holder.kill()

    with DataDir(data):
        assert not sockets.exists()
        assert os.getpid() == json.loads((data / "run.json").read_text())["pid"]
    assert not (data / "run.json").exists()


def test_a_folder_that_cannot_be_made_is_refused_with_advice(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StartError, match="MIGPLAN_DATA_DIR"), DataDir(tmp_path / "file" / "data"):
        pass


def test_a_socket_folder_is_short_and_plain(tmp_path: Path) -> None:
    plain = socket_folder(Path("/tmp") / f"migplan-plain-{os.getpid()}")
    long = socket_folder(tmp_path / ("x" * 100))
    odd = socket_folder(Path("/tmp") / "with space")
    try:
        assert Path("/tmp") / f"migplan-plain-{os.getpid()}" == plain
        assert all(len(str(path)) < 80 and " " not in str(path) for path in (long, odd))
        assert all(_mode(path) == 0o700 for path in (plain, long, odd))
    finally:
        for path in (plain, long, odd):
            path.rmdir()


def test_a_private_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_private(path, "old")
    write_private(path, "new")
    assert path.read_text() == "new"
    assert [path] == list(tmp_path.iterdir())
