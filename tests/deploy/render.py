"""Renders the overlays with ``kubectl kustomize`` and validates what comes out: ``make manifests``.

The tests build the same without kubectl; this shows that they build what kubectl builds.
"""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import kubernetes_validate
import yaml

from tests.deploy.kustomize import applied, build
from tests.deploy.manifests import K8S, OVERLAYS, Manifest
from tests.deploy.test_manifests import KUBERNETES, OPERATORS


def main() -> None:
    """Says how many manifests each overlay has; raises at the first that is not valid.

    Raises:
        SystemExit: the tests understand a kustomization in another way than kubectl does.
    """
    for folder in (folder for overlay in OVERLAYS for folder in applied(overlay)):
        place = folder.relative_to(K8S)
        manifests = rendered(folder)
        checked = 0
        for manifest in manifests:
            if (manifest["apiVersion"], manifest["kind"]) not in OPERATORS:
                kubernetes_validate.validate(manifest, KUBERNETES, strict=True)
                checked += 1
        ours, theirs = (
            by_identity(found.manifest for found in build(folder)),
            by_identity(manifests),
        )
        differing = sorted(
            key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key)
        )
        if differing:
            raise SystemExit(f"{place}: tests/deploy/kustomize.py builds otherwise: {differing}")
        sys.stdout.write(
            f"{place}: {len(manifests)} manifests; {checked} valid for Kubernetes {KUBERNETES}, "
            f"{len(manifests) - checked} of operators\n"
        )


def rendered(folder: Path) -> list[Manifest]:
    """What kubectl makes of a kustomization."""
    text = subprocess.run(
        ["kubectl", "kustomize", str(folder)], check=True, stdout=subprocess.PIPE
    ).stdout
    return list(yaml.safe_load_all(text))


def by_identity(manifests: Iterable[Manifest]) -> dict[tuple[str, str, str], Manifest]:
    return {
        (one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"]): one
        for one in manifests
    }


if __name__ == "__main__":
    main()
