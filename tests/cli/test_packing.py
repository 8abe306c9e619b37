"""What the command line names becomes one file to upload."""

import zipfile
from pathlib import Path

import pytest

from cli.errors import CommandError
from cli.packing import packed
from tests.cli.command import Cli
from tests.cli.scripted.services.__main__ import BASE


def written(folder: Path, *names: str) -> list[Path]:
    """Files that hold their own name."""
    paths = [folder / name for name in names]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(path.name)
    return paths


def entries(*paths: Path) -> dict[str, str]:
    """Names and contents of the zip of ``paths``."""
    with packed(paths) as upload, zipfile.ZipFile(upload.file) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_a_single_file_is_uploaded_as_it_is(tmp_path: Path) -> None:
    [path] = written(tmp_path, "vc1.zip")
    with packed([path]) as upload:
        assert (upload.file, upload.title) == (path, "vc1")


def test_a_folder_is_packed_with_its_exports_only(tmp_path: Path) -> None:
    written(
        tmp_path, "vc1/RVTools_tabvInfo.csv", "vc2.XLSX", "~$vc2.xlsx", "notes.txt", "._vc2.xlsx"
    )
    assert entries(tmp_path) == {
        "vc1/RVTools_tabvInfo.csv": "RVTools_tabvInfo.csv",
        "vc2.XLSX": "vc2.XLSX",
    }


def test_several_files_of_one_name_stay_apart(tmp_path: Path) -> None:
    paths = written(tmp_path, "a/export.xlsx", "b/export.xlsx", "c/export.xlsx")
    assert set(entries(*paths)) == {"export.xlsx", "b/export.xlsx", "c/export.xlsx"}


def test_the_same_files_give_the_same_zip_and_nothing_stays(tmp_path: Path) -> None:
    paths = written(tmp_path, "a.xlsx", "b.csv")
    contents = []
    for _ in range(2):
        with packed(paths) as upload:
            contents.append(upload.file.read_bytes())
            assert upload.title == "a and 1 more"
    assert contents[0] == contents[1]
    assert not upload.file.exists()


def test_a_folder_without_exports_is_refused(tmp_path: Path) -> None:
    written(tmp_path, "notes.txt")
    with (
        pytest.raises(CommandError, match=r"no \.xlsx and no \.csv") as refused,
        packed([tmp_path]),
    ):
        pass
    assert refused.value.exit_code == 2


def test_a_missing_file_among_others_is_refused(tmp_path: Path) -> None:
    [path] = written(tmp_path, "a.xlsx")
    missing = tmp_path / "b.xlsx"
    with pytest.raises(CommandError, match="There is no file"), packed([path, missing]):
        pass


def test_plan_takes_several_paths(cli: Cli, tmp_path: Path) -> None:
    paths = written(tmp_path, "vc1.xlsx", "vc2.xlsx")
    ended = cli.run("plan", "--rvtools", *paths)
    assert (ended.code, ended.err) == (0, "")
    [upload] = [r for r in cli.requests() if f"POST {BASE}/inventories" in r["call"]]
    assert "filename=vc1" in upload["call"]
