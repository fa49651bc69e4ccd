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
accelerator_up = Metric(
    "accelerator_up",
    Kind.STATE,
    Unit.NONE,
    "1 while the device answers its driver, 0 while it should and does not (lost, hung).",
    ("uuid",),
)
healthy = Metric(
    "accelerator_healthy",
    Kind.STATE,
    Unit.NONE,
    "0 after a fault that takes the device out of service, until a reset; 1 otherwise.",
    ("uuid",),
)
sm_active_ratio = Metric(
    "accelerator_sm_active_ratio",
    Kind.AVERAGE,
    Unit.RATIO,
    "Mean over the multiprocessors of the time with at least one warp.",
    _ID,
)
memory_total_bytes = Metric(
    "accelerator_memory_total_bytes", Kind.STATE, Unit.BYTES, "Device memory, reserved memory left out.", _ID
)
clock_hertz = Metric(
    "accelerator_clock_hertz", Kind.STATE, Unit.HERTZ, "Clock now, by domain (sm, memory).", ("uuid", "clock")
)
throttled_seconds_total = Metric(
    "accelerator_throttled_seconds_total",
    Kind.COUNTER,
    Unit.SECONDS,
    "Time in which clocks were held down, by reason; reasons overlap.",
    ("uuid", "reason"),
)
faults_total = Metric(
    "accelerator_faults_total",
    Kind.COUNTER,
    Unit.NONE,
    "Faults (Xid) that the driver reported while this exporter ran, by number.",
    (*_ID, "code"),
)
last_fault_seconds = Metric(
    "accelerator_last_fault_timestamp_seconds",
    Kind.STATE,
    Unit.SECONDS,
    "When a fault of this number was last reported, unix time.",
    (*_ID, "code"),
)
ecc_errors_total = Metric(
    "accelerator_ecc_errors_total",
    Kind.COUNTER,
    Unit.NONE,
    "Memory errors since the driver was loaded, by severity (corrected, uncorrected).",
    ("uuid", "severity"),
)
remapped_rows = Metric(
    "accelerator_remapped_rows",
    Kind.STATE,
    Unit.NONE,
    "Rows of memory that were remapped, by cause (corrected, uncorrected).",
    ("uuid", "cause"),
)
row_remap_pending = Metric(
    "accelerator_row_remap_pending", Kind.STATE, Unit.NONE, "1 while a remapping waits for a reset.", ("uuid",)
)
row_remap_failed = Metric(
    "accelerator_row_remap_failed", Kind.STATE, Unit.NONE, "1 once a row could not be remapped.", ("uuid",)
)
interconnect_bytes_total = Metric(
    "accelerator_interconnect_bytes_total",
    Kind.COUNTER,
    Unit.BYTES,
    "Bytes between devices, by link (nvlink, pcie) and direction (transmit, receive).",
    ("uuid", "link", "direction"),
)
processes = Metric("accelerator_processes", Kind.STATE, Unit.NONE, "Processes that compute on it.", _ID)
gpm_info = Metric(
    "accelerator_gpm_info",
    Kind.INFO,
    Unit.NONE,
    "Whether the driver tells how busy the parts of a device are, by state: measured, unsupported (the device or its"
    " driver is too old), forbidden (a privilege is missing).",
    ("uuid", "state"),
)
