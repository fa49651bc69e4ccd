"""Makes changes that can be tried: whole objects or merge patches, with the commands to try, apply and undo them.

Names come from labels. What Kubernetes could not have as a name makes no patch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from analyzer.advice.finding import Artifact
from analyzer.advice.quoting import is_object_name, shell_text

_PLURAL = {
    "NodePool": "nodepools.karpenter.sh",
    "Deployment": "deployments.apps",
    "StatefulSet": "statefulsets.apps",
    "ScaledObject": "scaledobjects.keda.sh",
    "ConfigMap": "configmaps",
}


@dataclass(frozen=True, slots=True)
class Target:
    """A Kubernetes object. `namespace` is empty where its kind has none."""

    kind: str
    api_version: str
    name: str
    namespace: str = ""

    @property
    def is_possible(self) -> bool:
        return is_object_name(self.name) and (not self.namespace or is_object_name(self.namespace))

    @property
    def words(self) -> str:
        """As kubectl is told."""
        where = f" --namespace {shell_text(self.namespace)}" if self.namespace else ""
        return f"{_PLURAL[self.kind]} {shell_text(self.name)}{where}"

    @property
    def title(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


def node_pool(name: str) -> Target:
    return Target("NodePool", "karpenter.sh/v1", name)


def merge_patch(
    target: Target, spec: Mapping[str, Any], keeps: Sequence[str], rule: str, remarks: Sequence[str] = ()
) -> Artifact | None:
    """Changes parts of an object that is there. `keeps` is the path of the part that is put aside first and brought
    back by the rollback, as `spec.disruption`."""
    if not target.is_possible:
        return None
    file = file_name(rule, target)
    before = f"{file.removesuffix('.yaml')}.before.json"
    patch = f"kubectl patch {target.words} --type merge --patch-file"
    return Artifact(
        kind=target.kind,
        target=target.title,
        file=file,
        content=document(target, {"spec": spec}),
        dry_run=f"{patch} {file} --dry-run=server --output yaml",
        apply=f"kubectl get {target.words} --output jsonpath={shell_text(_kept(keeps))} > {before} && {patch} {file}",
        rollback=f"{patch} {before}",
        remarks=list(remarks),
    )


def new_object(
    target: Target, body: Mapping[str, Any], rule: str, remarks: Sequence[str] = (), kind: str = ""
) -> Artifact | None:
    """Makes an object that is not there yet."""
    if not target.is_possible:
        return None
    file = file_name(rule, target)
    return Artifact(
        kind=kind or target.kind,
        target=target.title,
        file=file,
        content=document(target, body),
        dry_run=f"kubectl create --filename {file} --dry-run=server --output yaml",
        apply=f"kubectl create --filename {file}",
        rollback=f"kubectl delete {target.words}",
        remarks=list(remarks),
    )


def document(target: Target, body: Mapping[str, Any]) -> str:
    """The YAML of an object; every text in it is quoted where it must be."""
    metadata = {"name": target.name, **({"namespace": target.namespace} if target.namespace else {})}
    content = {"apiVersion": target.api_version, "kind": target.kind, "metadata": metadata, **body}
    return yaml.safe_dump(content, sort_keys=False, width=120)


def file_name(rule: str, target: Target) -> str:
    """Safe in a folder and in a shell, since both names are Kubernetes'."""
    parts = (rule.lower(), target.kind.lower(), target.namespace, target.name)
    return "-".join(part for part in parts if part) + ".yaml"


def _kept(path: Sequence[str]) -> str:
    """A JSONPath that prints the part as a merge patch."""
    opening = "".join('{\\"' + name + '\\":' for name in path)
    return '{"' + opening + '"}{.' + ".".join(path) + '}{"' + "}" * len(path) + '"}'
