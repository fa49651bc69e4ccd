"""Metrics of one accelerator: a physical device, or one MIG slice of it (label `mig`, empty for a whole device)."""

from exporters.metric import Kind, Metric, Unit

_ID = ("uuid", "mig")

accelerator_info = Metric(
    "accelerator_info",
    Kind.INFO,
    Unit.NONE,
    "Identity of a device: where it sits, what it is, and which exporter tells of it.",
    (*_ID, "mig_profile", "index", "model", "node", "target_node", "instance", "exporter_namespace", "exporter_pod"),
)
busy_ratio = Metric(
    "accelerator_busy_ratio", Kind.AVERAGE, Unit.RATIO, "Share of time in which any kernel ran. Not efficiency.", _ID
)
compute_active_ratio = Metric(
    "accelerator_compute_active_ratio",
    Kind.AVERAGE,
    Unit.RATIO,
    "Share of time in which the tensor (NVIDIA) or PE (Neuron) pipes were active.",
    _ID,
)
memory_active_ratio = Metric(
    "accelerator_memory_active_ratio",
    Kind.AVERAGE,
    Unit.RATIO,
    "Share of time in which device memory moved data.",
    _ID,
)
memory_used_bytes = Metric(
    "accelerator_memory_used_bytes", Kind.STATE, Unit.BYTES, "Device memory in use, reserved memory left out.", _ID
)
power_watts = Metric("accelerator_power_watts", Kind.AVERAGE, Unit.WATTS, "Board power; one value per device.", _ID)
energy_joules_total = Metric(
    "accelerator_energy_joules_total", Kind.COUNTER, Unit.JOULES, "Energy since the driver was loaded.", ("uuid",)
)
temperature_celsius = Metric(
    "accelerator_temperature_celsius", Kind.STATE, Unit.CELSIUS, "Core temperature.", ("uuid",)
)
last_fault_code = Metric(
    "accelerator_last_fault_code",
    Kind.STATE,
    Unit.NONE,
    "Number of the last fault (Xid); sticky: it stays until the driver reloads, whatever the device does.",
    _ID,
)
allocation = Metric(
    "accelerator_allocation",
    Kind.STATE,
    Unit.NONE,
    "Share of the device (or slice) that a container holds.",
    (*_ID, "namespace", "pod", "container"),
)
