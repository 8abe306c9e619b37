"""The rules for images that matter, on our Dockerfile."""

import json
import re
import tomllib

from services import SERVICES
from services.__main__ import main
from tests.deploy.dockerfile import instructions
from tests.deploy.kustomize import base
from tests.deploy.manifests import ROOT, compose

SHIPPED = [i for i in instructions() if i.stage == 1]


def values(name: str, *, stage: int | None = None) -> list[str]:
    return [
        i.value for i in instructions() if i.name == name and (stage is None or i.stage == stage)
    ]


def test_it_has_a_stage_that_builds_and_one_that_ships() -> None:
    assert [value.rpartition(" AS ")[0] or value for value in values("FROM")] == [
        "python:3.11.14-slim-bookworm",
        "python:3.11.14-slim-bookworm",
    ]


def test_base_images_are_pinned_to_a_patch_release() -> None:
    assert all(re.match(r"[a-z/.-]+:\d+\.\d+\.\d+-\w+", value) for value in values("FROM"))


def test_it_runs_as_a_number_that_is_not_root() -> None:
    (user,) = values("USER", stage=1)
    assert re.fullmatch(r"\d{5,}:\d{5,}", user)
    context = base("Deployment")["ingest"]["spec"]["template"]["spec"]["securityContext"]
    assert user == f"{context['runAsUser']}:{context['runAsGroup']}"
    assert user == compose()["services"]["ingest"]["user"]
    names = [i.name for i in SHIPPED]
    assert "COPY" not in names[names.index("USER") :]  # what it runs belongs to root


def test_the_command_picks_the_service() -> None:
    (entry,) = values("ENTRYPOINT")
    assert json.loads(entry) == ["python", "-m", "services"]
    assert values("CMD") == []
    assert callable(main)


def test_packages_come_from_the_hashed_lock() -> None:
    installs = [value for value in values("RUN") if " install " in value]
    assert installs
    assert all("--require-hashes" in value and "runtime.lock" in value for value in installs)
    assert all("--only-binary :all:" in value for value in installs)
    assert values("ADD") == []


def test_nothing_secret_takes_part_in_the_build() -> None:
    assert not any("--mount=type=secret" in value for value in values("RUN"))
    words = re.compile(r"password|token|secret|_key|dsn", re.IGNORECASE)
    assert not any(words.search(value) for value in [*values("ARG"), *values("ENV")])


def test_what_is_copied_is_named_and_let_through() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in ignored if line and not line.startswith("#")]
    assert rules[0] == "*"
    let_through = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}
    assert {value.split()[0] for value in values("COPY", stage=0)} == let_through
    assert all((ROOT / name).exists() for name in let_through)
    assert "shared/testing" in rules[rules.index("!shared") :]


def test_what_ships_comes_from_the_build_only() -> None:
    assert all(value.startswith("--from=build ") for value in values("COPY", stage=1))
    assert not any("pip" in value or "apt-get" in value for value in values("RUN", stage=1))


def test_it_leaves_probing_to_whoever_runs_it() -> None:
    assert values("HEALTHCHECK") == []


def test_labels_say_what_it_is_and_its_version_is_the_project_s() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (labels,) = values("LABEL")
    assert 'org.opencontainers.image.licenses="Apache-2.0"' in labels
    assert f"VERSION={project['version']}" in values("ARG", stage=1)
    assert compose()["services"]["gateway"]["image"] == f"migration-planner:{project['version']}"


def test_python_writes_no_bytecode_beside_the_sources() -> None:
    assert "PYTHONDONTWRITEBYTECODE=1" in values("ENV", stage=1)[0]
    assert any("compileall" in value for value in values("RUN", stage=0))


def test_home_is_a_folder_that_its_user_may_look_into() -> None:
    """Otherwise asyncpg trips over ~/.postgresql: with HOME=/root it never reaches a database."""
    assert "HOME=/tmp" in values("ENV", stage=1)[0].split()


def test_there_is_one_image_for_all() -> None:
    images = {compose()["services"][service]["image"] for service in SERVICES}
    assert len(images) == 1
