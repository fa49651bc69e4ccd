"""The signals that a doctor looks for: what each is of, and what cannot be told without it."""

from __future__ import annotations

from dataclasses import dataclass

DEVICE, NODE, POD, ENGINE, TARGET = "device", "node", "pod", "engine", "target"

_DCGM = "run dcgm-exporter on every GPU node and let Prometheus scrape it"
_PROFILING = "enable {} in dcgm-exporter's counters file (Volta or newer; needs SYS_ADMIN)"
_KSM = "run kube-state-metrics and let Prometheus scrape it"
_ENGINE = "let Prometheus scrape the engine's /metrics"


@dataclass(frozen=True, slots=True)
class Beside:
    """What to do instead where the source runs already: names that begin with one of `prefixes` tell that it does."""

    prefixes: tuple[str, ...]
    remedy: str


BESIDE: dict[str, Beside] = {
    _DCGM: Beside(("DCGM_", "dcgm_"), "add it to dcgm-exporter's counters file, or find the rule that drops it"),
    _KSM: Beside(
        ("kube_",), "let kube-state-metrics show it: look at --resources, --metric-allowlist and rules that drop series"
    ),
    _ENGINE: Beside(("",), "upgrade the engine, whose page is there without it, or find the rule that drops it"),
}


@dataclass(frozen=True, slots=True)
class Signal:
    """`table` is the ledger's name for it. `is_ratio`: its values must lie between 0 and 1. `needs`: the signal of
    the same source beside which its own absence only says that nothing happened. `told_by`: the labels that carry
    it; a series in which all of them are empty says nothing. `stands_in_for`: beside that signal it is not missed."""

    table: str
    title: str
    subject: str
    decides: str
    remedy: str
    is_ratio: bool = False
    is_needed: bool = True  # not: nice to have, its absence is no fault
    needs: str = ""
    told_by: tuple[str, ...] = ()
    stands_in_for: str = ""


SIGNALS: tuple[Signal, ...] = (
    Signal("accelerator", "devices", DEVICE, "which devices there are and whether they answer", _DCGM),
    Signal(
        "allocation",
        "pod of a device",
        DEVICE,
        "which of a node's devices a pod holds; without it a node's devices are split by count",
        "start dcgm-exporter with DCGM_EXPORTER_KUBERNETES=true and the kubelet's pod-resources socket mounted",
        told_by=("pod",),
    ),
    Signal(
        "compute",
        "tensor activity",
        DEVICE,
        "active-good against active-ineffective; idle against working where no engine page is",
        _PROFILING.format("DCGM_FI_PROF_PIPE_TENSOR_ACTIVE"),
        is_ratio=True,
    ),
    Signal(
        "memory",
        "memory activity",
        DEVICE,
        "active-good against active-ineffective in decode, which memory bounds",
        _PROFILING.format("DCGM_FI_PROF_DRAM_ACTIVE"),
        is_ratio=True,
    ),
    Signal("busy", "busy ratio", DEVICE, "the busy figure; the last resort for idle", _DCGM, is_ratio=True),
    Signal("energy", "energy", DEVICE, "joules per token", _DCGM, is_needed=False),
    Signal("last_fault", "Xid faults", DEVICE, "node-unhealthy by a fatal fault", _DCGM, is_needed=False),
    Signal("node_info", "nodes", NODE, "provider ids; which address is which node", _KSM),
    Signal(
        "node_shape",
        "instance types",
        NODE,
        "prices: without it a node is priced by its devices, as a range",
        "start kube-state-metrics with --metric-labels-allowlist=nodes=[node.kubernetes.io/instance-type,"
        "karpenter.sh/capacity-type,topology.kubernetes.io/zone], or scrape Karpenter",
        told_by=("instance_type",),
    ),
    Signal(
        "machine",
        "machine types",
        NODE,
        "prices where nothing else tells of instance types",
        "run node_exporter on every node and let Prometheus scrape it",
        is_needed=False,
        stands_in_for="node_shape",
    ),
    Signal("node_created", "node creation", NODE, "when a node's paid lifetime began", _KSM),
    Signal("node_ready", "node readiness", NODE, "node-unhealthy, node-starting", _KSM),
    Signal("node_unschedulable", "cordons", NODE, "node-draining", _KSM),
    Signal("node_taint", "taints", NODE, "node-draining by Karpenter and others", _KSM, needs="node_unschedulable"),
    Signal("node_allocatable", "allocatable", NODE, "node-starting; free-stranded", _KSM),
    Signal("node_capacity", "capacity", NODE, "how many devices a node has where no exporter runs", _KSM),
    Signal("pod_info", "pods", POD, "where pods run; which address is which pod", _KSM),
    Signal("pod_requested", "requests", POD, "free against held", _KSM),
    Signal("pod_phase", "phases", POD, "when a pod stops holding its devices", _KSM),
    Signal("pod_ready", "pod readiness", POD, "held-starting, held-failed", _KSM),
    Signal("pod_scheduled", "binding", POD, "when a pod began to hold its devices", _KSM, is_needed=False),
    Signal("pod_owner", "owners", POD, "workloads by name; Ray and LeaderWorkerSet groups", _KSM),
    Signal("pod_waiting", "back-off", POD, "held-failed against held-starting", _KSM, needs="pod_ready"),
    Signal(
        "pod_labels",
        "pod labels",
        POD,
        "teams; prefill and decode pairs",
        "start kube-state-metrics with --metric-labels-allowlist=pods=[team,llm-d.ai/role]",
        is_needed=False,
        told_by=("team", "group_name", "role"),
    ),
    Signal("running", "running requests", ENGINE, "active against held-idle, the best evidence of work", _ENGINE),
    Signal("generation", "generated tokens", ENGINE, "tokens per dollar", _ENGINE),
    Signal("prompt", "prompt tokens", ENGINE, "tokens per dollar", _ENGINE),
    Signal("prompt_cached", "cached prompt tokens", ENGINE, "dollars per computed token", _ENGINE, is_needed=False),
    Signal("finished", "finished requests", ENGINE, "active-wasted-output (aborted, failed)", _ENGINE),
    Signal("ttft_count", "time to first token", ENGINE, "good tokens against an SLO of ttft", _ENGINE),
    Signal(
        "tpot_count",
        "time per output token",
        ENGINE,
        "good tokens against an SLO of tpot, request by request",
        "run vLLM 0.11 or newer",
        is_needed=False,
    ),
    Signal(
        "itl_count",
        "inter-token gaps",
        ENGINE,
        "good tokens against an SLO of itl, or of tpot where the engine is older",
        _ENGINE,
        is_needed=False,
        stands_in_for="tpot_count",
    ),
    Signal(
        "flops",
        "modelled FLOPs",
        ENGINE,
        "effective ratio where the device has no profiling",
        "start vLLM 0.17 or newer with --enable-mfu-metrics",
        is_needed=False,
        stands_in_for="compute",
    ),
    Signal("process_started", "process starts", TARGET, "whether a counter began at zero", _ENGINE, is_needed=False),
    Signal("target_up", "scrapes", TARGET, "whether silence is a failed scrape", "scrape with Prometheus or an agent"),
)
