"""A Neuron node reports errors of its hardware or of its executions.

What it means: memory errors that could not be corrected, or executions that failed for another reason than the numbers
in them.
What to do: look at `neuron-monitor` and the kernel log of the node. Uncorrected memory errors: drain and replace it.
Errors of the runtime: compare the versions of the driver, the runtime and the compiled model.
What it is not: numerical errors (NaN), which the model makes, and corrected memory errors, which cost nothing.
"""

from __future__ import annotations

from alerts.alarm import Alarm, Stat
from alerts.alert import Alert, Board, Case, Costs, Owner, Severity
from alerts.asking import CELLS, NODE, labels, summed
from analyzer.advice.thresholds import Thresholds
from analyzer.kpi.scope import Scope
from exporters.canonical import neuron

_KINDS = "generic|transient|model|runtime|hardware"
_UNCORRECTED = ("mem_ecc_uncorrected", "sram_ecc_uncorrected")
_ERRORS = 'gpuyield_neuron_execution_errors_total{{cluster="prod", node="trn-1", kind="{}"}}'
_ECC = 'gpuyield_neuron_ecc_events_total{{cluster="prod", uuid="nd0", event="{}"}}'
_INFO = 'gpuyield_accelerator_info{cluster="prod", uuid="nd0", mig="", node="trn-1"}'


def _expr(scope: Scope, _: Thresholds) -> str:
    wide = scope.over(CELLS)
    failed = f"{summed(neuron.execution_errors_total, wide, NODE, 'increase', kind=_KINDS)} > 0"
    memory = f"{summed(neuron.ecc_events_total, wide, NODE, 'increase', event='|'.join(_UNCORRECTED))} > 0"
    return f"{failed} or on ({labels(scope, NODE)}) {memory}"


alerts = (
    Alert(
        name="GpuyieldNeuronErrors",
        severity=Severity.TICKET,
        owner=Owner.PLATFORM,
        board=Board.ACCELERATOR,
        says="node {{ $labels.node }} had {{ $value | humanize }} Neuron errors in 15 minutes",
        why="A sound node has none, so one is enough and there is no wait; a quarter of an hour keeps it in sight.",
        by=NODE,
        limits=(),
        expr=_expr,
        lasts_seconds=lambda _: 0.0,
        needs=(neuron.execution_errors_total, neuron.ecc_events_total),
        costs=Costs.NODE,
        about="device",
        alarm=Alarm(
            stats={
                "hardware": Stat(neuron.execution_errors_total, "Sum", {"kind": "hardware"}),
                "runtime": Stat(neuron.execution_errors_total, "Sum", {"kind": "runtime"}),
                "memory": Stat(neuron.ecc_events_total, "Sum", {"event": _UNCORRECTED[0]}),
                "sram": Stat(neuron.ecc_events_total, "Sum", {"event": _UNCORRECTED[1]}),
            },
            expression="FILL(hardware, 0) + FILL(runtime, 0) + FILL(memory, 0) + FILL(sram, 0)",
            above=lambda _: 0.0,
            lasts_seconds=lambda _: 300.0,
            lost="which node; generic, transient and model errors",
        ),
        cases=(
            Case("a hardware error", {_ERRORS.format("hardware"): "0x20 1x30"}, "25m", 1),
            Case("an uncorrected one", {_INFO: "1x60", _ECC.format(_UNCORRECTED[0]): "0x20 1x30"}, "25m", 1),
            Case("numbers", {_ERRORS.format("numerical"): "0+9x50"}, "25m", 0),
            Case("corrected", {_INFO: "1x60", _ECC.format("mem_ecc_corrected"): "0+9x50"}, "25m", 0),
        ),
    ),
)
