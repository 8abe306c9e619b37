"""The secrets of an installation: complete, apart from each other, and never written over."""

import base64
import hashlib
import json
from pathlib import Path

import pytest

from services import SERVICES
from services.__main__ import main
from services.credentials import definitions, env_files, make, secrets
from tests.deploy.manifests import ROOT


def keys(*arguments: str) -> int:
    """``python -m services keys``; its exit code."""
    with pytest.raises(SystemExit) as ended:
        main(["keys", *arguments])
    return int(ended.value.code or 0) if not isinstance(ended.value.code, str) else 1


def test_no_secret_is_in_the_file_of_two_services() -> None:
    made = make(database_host="postgres", broker_host="rabbitmq")
    files = env_files(made)
    for service in SERVICES:
        own = [
            json.dumps(made.keys[service][0]),
            made.database_passwords[service],
            made.broker_passwords[service],
        ]
        for secret in own:
            holders = {name for name, text in files.items() if secret in text}
            assert holders <= {f"{service}.env", "bootstrap.env", "migrate.env"}
            assert f"{service}.env" in holders


def test_every_installation_gets_secrets_of_its_own() -> None:
    one, two = (make(database_host="db", broker_host="mq") for _ in range(2))
    assert set(one.database_passwords.values()).isdisjoint(two.database_passwords.values())
    assert set(one.broker_passwords.values()).isdisjoint(two.broker_passwords.values())
    assert one.keys != two.keys


def test_the_files_are_for_their_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    assert keys("--into", str(folder)) == 0
    assert folder.stat().st_mode & 0o777 == 0o700
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert modes.pop("rabbitmq.json") == 0o644  # hashes, and the broker's user has to read them
    assert set(modes.values()) == {0o600}


def test_secrets_in_use_are_not_written_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert keys("--into", str(tmp_path)) == 0
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(SystemExit, match="Other secrets would lock the services out"):
        main(["keys", "--into", str(tmp_path)])
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert "SIGNING" not in capsys.readouterr().out


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    with pytest.raises(SystemExit, match="cannot be written to"):
        main(["keys", "--into", str(in_the_way)])


def test_the_folder_that_the_guide_names_is_kept_out_of_git_and_of_the_image() -> None:
    assert ".secrets/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()[1] == "*"


def test_the_broker_gets_salted_hashes_that_fit_the_passwords() -> None:
    document = definitions({"ingest": "secret"})
    (user,) = document["users"]
    stored = base64.b64decode(user["password_hash"])
    assert stored[4:] == hashlib.sha256(stored[:4] + b"secret").digest()
    assert user["tags"] == []
    assert "secret" not in json.dumps(document)


def test_kubernetes_gets_the_same_settings_as_compose() -> None:
    made = make(database_host="db", broker_host="mq")
    items = {item["metadata"]["name"]: item["stringData"] for item in secrets(made)["items"]}
    files = env_files(made)
    for name in (*SERVICES, "bootstrap", "migrate", "topology"):
        lines = [line.partition("=") for line in files[f"{name}.env"].splitlines()]
        assert items[f"migplan-{name}"] == {key: json.loads(value) for key, _, value in lines}


def test_secrets_for_kubernetes_are_printed_as_one_list(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert keys("--kubernetes", "--database-host", "db.example.com") == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["kind"] == "List"
    (ingest,) = [i for i in printed["items"] if i["metadata"]["name"] == "migplan-ingest"]
    assert "@db.example.com:5432/" in ingest["stringData"]["MIGPLAN_INGEST_DATABASE_DSN"]


def test_alone_it_prints_the_signing_keys_as_settings(capsys: pytest.CaptureFixture[str]) -> None:
    assert keys() == 0
    names = [line.partition("=")[0] for line in capsys.readouterr().out.splitlines()]
    assert names == [
        f"MIGPLAN_{service.upper()}_{key}"
        for service in SERVICES
        for key in ("SIGNING_KEY", "PUBLIC_KEYS")
    ]
