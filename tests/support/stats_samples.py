"""Statistics as Engines send them, reduced to the fields that usage is calculated from."""

from __future__ import annotations

__all__ = ["V1"]

V1 = {
    "read": "2026-01-02T03:04:06.5Z",
    "preread": "2026-01-02T03:04:05.5Z",
    "cpu_stats": {
        "cpu_usage": {"total_usage": 1_250_000_000, "percpu_usage": [1, 2, 3, 4]},
        "system_cpu_usage": 44_000_000_000,
        "online_cpus": 4,
    },
    "precpu_stats": {"cpu_usage": {"total_usage": 1_000_000_000}, "system_cpu_usage": 40_000_000_000},
    "memory_stats": {"usage": 1000, "limit": 4000, "stats": {"total_inactive_file": 400, "inactive_file": 100}},
    "networks": {"eth0": {"rx_bytes": 10, "tx_bytes": 1}, "eth1": {"rx_bytes": 20, "tx_bytes": 2}},
    "blkio_stats": {
        "io_service_bytes_recursive": [
            {"op": "Read", "value": 5},
            {"op": "Write", "value": 6},
            {"op": "Total", "value": 11},
            {"op": "Read", "value": 50},
            {"op": "", "value": 7},
        ]
    },
    "pids_stats": {"current": 3},
}
