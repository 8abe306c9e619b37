"""The Dockerfile as its instructions."""

import re
from dataclasses import dataclass

from tests.deploy.manifests import ROOT


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction, its continued lines joined."""

    stage: int
    """0 for the build, 1 for what ships."""
    name: str
    value: str


def instructions() -> list[Instruction]:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    found: list[Instruction] = []
    stage = -1
    for line in re.sub(r"\\\n\s*", " ", code).splitlines():
        if not line.strip():
            continue
        name, _, value = line.strip().partition(" ")
        stage += name == "FROM"
        found.append(Instruction(stage, name, value.strip()))
    return found
