"""Metrics that only AWS Neuron has: its cores, and the processes (runtimes) that execute on them.

What Neuron shares with other accelerators stands in `device.py`. `core` is the number that a process asks for
(NEURON_RT_VISIBLE_CORES): a logical core, counted through all devices of the node.
"""

from exporters.metric import Kind, Metric, Unit

_CORE = ("uuid", "core")

neuron_info = Metric(
    "neuron_info",
    Kind.INFO,
    Unit.NONE,
    "What the Neuron devices of a node are; logical_cores is the number of physical cores that make a logical one.",
    ("node", "instance_id", "instance_type", "core_version", "cores_per_device", "logical_cores"),
)
core_busy_ratio = Metric(
    "neuron_core_busy_ratio",
    Kind.AVERAGE,
    Unit.RATIO,
    "Share of time in which a core executed. A core that exists and is held by nobody is 0.",
    _CORE,
)
physical_core_busy_ratio = Metric(
    "neuron_physical_core_busy_ratio",
    Kind.AVERAGE,
    Unit.RATIO,
    "The same of each physical core, where several make a logical one.",
    (*_CORE, "physical_core"),
)
core_flops_total = Metric(
    "neuron_core_flops_total",
    Kind.COUNTER,
    Unit.FLOPS,
    "Floating-point operations while this exporter ran; the rate that the runtime reports, times its period.",
    _CORE,
)
core_memory_used_bytes = Metric(
    "neuron_core_memory_used_bytes",
    Kind.STATE,
    Unit.BYTES,
    "Device memory in use for a core, by kind (tensors, constants, model_code, ...).",
    (*_CORE, "kind"),
)
core_executions_total = Metric(
    "neuron_core_executions_total",
    Kind.COUNTER,
    Unit.NONE,
    "Executions since the driver was loaded, by how they ended, in the driver's words.",
    (*_CORE, "status"),
)
ecc_events_total = Metric(
    "neuron_ecc_events_total",
    Kind.COUNTER,
    Unit.NONE,
    "Memory errors by memory and severity (mem_ecc_corrected, sram_ecc_uncorrected, ...).",
    ("uuid", "event"),
)
power_share_ratio = Metric(
    "neuron_power_share_ratio",
    Kind.AVERAGE,
    Unit.RATIO,
    "Mean power of the last minute as a share of the device's maximum, which is not published.",
    ("uuid",),
)
runtimes = Metric("neuron_runtimes", Kind.STATE, Unit.NONE, "Processes that hold cores of this node.", ("node",))
executions_total = Metric(
    "neuron_executions_total",
    Kind.COUNTER,
    Unit.NONE,
    "Executions of all processes while this exporter ran, by status (completed, timed_out, ...).",
    ("node", "status"),
)
execution_errors_total = Metric(
    "neuron_execution_errors_total",
    Kind.COUNTER,
    Unit.NONE,
    "Execution errors of all processes while this exporter ran, by kind (numerical, hardware, ...).",
    ("node", "kind"),
)
execution_latency_seconds = Metric(
    "neuron_execution_latency_seconds",
    Kind.AVERAGE,
    Unit.SECONDS,
    "Latency percentiles of one process: span is total (seen by the runtime) or device (on the device only).",
    ("node", "runtime", "span", "percentile"),
)
runtime_host_memory_bytes = Metric(
    "neuron_runtime_host_memory_used_bytes",
    Kind.STATE,
    Unit.BYTES,
    "Host memory of one process, by kind (application_memory, constants, dma_buffers, tensors).",
    ("node", "runtime", "kind"),
)
runtime_cpu_ratio = Metric(
    "neuron_runtime_cpu_ratio",
    Kind.AVERAGE,
    Unit.RATIO,
    "CPU time of one process as a share of all CPUs, by mode (user, system).",
    ("node", "runtime", "mode"),
)
monitor_lines_total = Metric(
    "neuron_monitor_lines_total",
    Kind.COUNTER,
    Unit.NONE,
    "Lines of neuron-monitor by result: read, partly (a group was not understood), refused, oversize.",
    ("node", "result"),
)
monitor_starts_total = Metric(
    "neuron_monitor_starts_total",
    Kind.COUNTER,
    Unit.NONE,
    "Times the input was opened: more than one means that neuron-monitor ended, hung, or was cut off.",
    ("node",),
)
