"""What a run ran on, so that its times and figures can be compared with those of another run."""

import os
import platform
from importlib import metadata
from pathlib import Path

__all__ = ["describe_machine"]

PACKAGES = ("fengkong", "torch", "transformers", "onnxruntime", "numpy", "scikit-learn")


def describe_machine() -> dict[str, str]:
    """Processor, cores that may be used, system, and the versions that figures hang on; no host or user name."""
    facts = {
        "processor": _processor(),
        "cores": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }
    for package in PACKAGES:
        try:
            facts[package] = metadata.version(package)
        except metadata.PackageNotFoundError:  # an optional part that is not installed
            continue
    return facts


def _processor() -> str:
    """The model's name as Linux tells it; elsewhere what Python knows."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
