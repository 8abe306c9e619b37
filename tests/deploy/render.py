"""Renders the overlays with ``kubectl kustomize`` and validates what comes out: ``make manifests``.

The tests read the same files without kubectl; this shows what patches and images make of them.
"""

import subprocess
import sys

import kubernetes_validate
import yaml

from tests.deploy.manifests import K8S, OVERLAYS
from tests.deploy.test_manifests import KUBERNETES, OPERATORS


def main() -> None:
    """Says how many manifests each overlay has; raises at the first that is not valid."""
    for overlay in OVERLAYS:
        rendered = subprocess.run(
            ["kubectl", "kustomize", str(K8S / "overlays" / overlay)],
            check=True,
            stdout=subprocess.PIPE,
        ).stdout
        checked = 0
        manifests = list(yaml.safe_load_all(rendered))
        for manifest in manifests:
            if (manifest["apiVersion"], manifest["kind"]) not in OPERATORS:
                kubernetes_validate.validate(manifest, KUBERNETES, strict=True)
                checked += 1
        sys.stdout.write(
            f"{overlay}: {len(manifests)} manifests; {checked} valid for Kubernetes {KUBERNETES}, "
            f"{len(manifests) - checked} of operators\n"
        )


if __name__ == "__main__":
    main()
