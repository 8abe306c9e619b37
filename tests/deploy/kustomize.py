"""What kustomizations make of their files, without kubectl: ``make manifests`` compares both."""

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

from tests.deploy.manifests import K8S, Found, Manifest, documents, kustomization

CLUSTER_WIDE: Final = frozenset({"Namespace"})


def build(folder: Path) -> list[Found]:
    """Everything that a kustomization brings in, as its components and patches leave it."""
    return _transformed(folder, list(_resources(folder)))


def base(kind: str) -> dict[str, Manifest]:
    """The manifests of one kind that every overlay begins with, by name."""
    found = [*build(K8S / "base"), *build(K8S / "jobs")]
    return {one.name: one.manifest for one in found if one.kind == kind}


def installed(overlay: str) -> list[Found]:
    """What an installation consists of: the overlay, and its jobs, which are applied apart."""
    return [found for folder in applied(overlay) for found in build(folder)]


def applied(overlay: str) -> list[Path]:
    """The folders that ``kubectl apply -k`` is told."""
    return [K8S / "overlays" / overlay, K8S / "overlays" / overlay / "jobs"]


def _resources(folder: Path) -> Iterator[Found]:
    for entry in kustomization(folder).get("resources", []):
        path = (folder / entry).resolve()
        if path.is_dir():
            yield from build(path)
        else:
            yield from (Found(path, deepcopy(document)) for document in documents(path))


def _transformed(folder: Path, found: list[Found]) -> list[Found]:
    told = kustomization(folder)
    for entry in told.get("components", []):
        component = (folder / entry).resolve()
        found = _transformed(component, [*found, *_resources(component)])
    for patch in told.get("patches", []):
        (content,) = documents(folder / patch["path"])
        chosen = [one for one in found if _is_meant(one, patch.get("target"), content)]
        assert chosen, f"{folder / patch['path']} changes nothing"
        for one in chosen:
            _patch(one.manifest, content)
    for one in found:
        if "namespace" in told and one.kind not in CLUSTER_WIDE:
            one.manifest["metadata"]["namespace"] = told["namespace"]
        for image in told.get("images", []):
            _name_image(one.manifest, image)
    return found


def _is_meant(one: Found, target: dict[str, str] | None, content: Any) -> bool:
    metadata = one.manifest["metadata"]
    here = {"kind": one.kind, "name": one.name, "namespace": metadata.get("namespace")}
    if target is None:
        target = {"kind": content["kind"], **content["metadata"]}
    return target.items() <= here.items()


def _patch(manifest: Manifest, content: Any) -> None:
    if isinstance(content, list):
        for step in content:
            _step(manifest, step)
    else:
        _merge(manifest, content)


def _step(manifest: Manifest, step: dict[str, Any]) -> None:
    """One step of a JSON patch; ours only add."""
    assert step["op"] == "add", step
    *way, last = step["path"].split("/")[1:]
    place: Any = manifest
    for key in way:
        place = place[int(key)] if isinstance(place, list) else place[key]
    if isinstance(place, list):
        assert last == "-", step
        place.append(step["value"])
    else:
        place[last] = step["value"]


def _merge(into: dict[str, Any], patch: dict[str, Any]) -> None:
    """A strategic merge: objects are merged, lists of what has a name by that name."""
    for key, value in patch.items():
        present = into.get(key)
        if isinstance(value, dict) and isinstance(present, dict):
            _merge(present, value)
        elif isinstance(present, list) and all("name" in item for item in (*present, *value)):
            by_name = {item["name"]: item for item in present}
            for item in value:
                _merge(by_name.setdefault(item["name"], {}), item)
            into[key] = list(by_name.values())
        else:
            into[key] = deepcopy(value)


def _name_image(manifest: Manifest, image: dict[str, str]) -> None:
    template = manifest["spec"].get("template", {}) if "spec" in manifest else {}
    for container in template.get("spec", {}).get("containers", []):
        if container["image"] == image["name"]:
            container["image"] = f"{image.get('newName', image['name'])}:{image['newTag']}"
