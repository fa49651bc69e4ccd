"""The kinds of object that the simulated API server has, by their paths."""

from __future__ import annotations

from dataclasses import dataclass

PULLED = "involvedObject.kind=Pod,reason=Pulled"


@dataclass(frozen=True, slots=True)
class Kind:
    """`selector`: a field selector that all its objects fulfil, the only one that is understood."""

    path: str
    api_version: str
    name: str
    selector: str = ""

    @property
    def is_custom(self) -> bool:
        """Of a CRD: only these name their kind in the items of a listing."""
        return "." in self.api_version

    def named(self, body: bytes) -> bytes:
        """An object that says what it is, as watches send it."""
        return b'{"kind":"%b","apiVersion":"%b",%b' % (self.name.encode(), self.api_version.encode(), body[1:])


NODES = Kind("/api/v1/nodes", "v1", "Node")
PODS = Kind("/api/v1/pods", "v1", "Pod")
EVENTS = Kind("/api/v1/events", "v1", "Event", PULLED)
REPLICASETS = Kind("/apis/apps/v1/replicasets", "apps/v1", "ReplicaSet")
CLAIMS = Kind("/apis/karpenter.sh/v1/nodeclaims", "karpenter.sh/v1", "NodeClaim")
POOLS = Kind("/apis/karpenter.sh/v1/nodepools", "karpenter.sh/v1", "NodePool")
KINDS = {kind.path: kind for kind in (NODES, PODS, EVENTS, REPLICASETS, CLAIMS, POOLS)}
