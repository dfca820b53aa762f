"""The arithmetic that results come out of: chosen here, before TensorFlow and NumPy are imported, not by a processor.

TensorFlow leaves oneDNN on or off by the processor it finds; oneDNN, NumPy and OpenBLAS pick their kernels by the
widest instructions there are. Each adds up in another order or rounds otherwise, which moves the last bits of a weight,
and even the voxels of a phantom. So oneDNN is switched on, and all three are held to AVX2, which every x86-64 processor
of the last ten years has. Whoever sets a variable keeps what they set, and `arithmetic` says so of every result.
"""

from __future__ import annotations

import os
import platform
from pathlib import Path

ONEDNN, ISA, THREADS = "TF_ENABLE_ONEDNN_OPTS", "ONEDNN_MAX_CPU_ISA", "TF_NUM_INTRAOP_THREADS"
CHOSEN = {ONEDNN: "1", ISA: "AVX2", "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR"}
# Only where the processor has AVX2: OpenBLAS takes it at its word.
_CHOSEN_WITH_AVX2 = {"OPENBLAS_CORETYPE": "Haswell"}
# From narrow to wide, with what a processor calls the widest that each needs.
_ISAS = {"SSE41": "sse4_1", "AVX": "avx", "AVX2": "avx2", "AVX512_CORE": "avx512bw", "AVX512_CORE_BF16": "avx512_bf16"}
_ISAS |= {"AVX512_CORE_AMX": "amx_bf16"}
_ALIASES = {"AVX512_CORE_VNNI": "AVX512_CORE", "AVX2_VNNI": "AVX2", "AVX2_VNNI_2": "AVX2"}
_TOLD = ("sse4_1", "avx", "avx2", "fma", "avx512f", "avx512bw", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_tile")


def choose() -> None:
    """Set what nobody has set; called on the import of the package, in workers too, before NumPy is imported."""
    for name, value in (CHOSEN | (_CHOSEN_WITH_AVX2 if "avx2" in processor_features() else {})).items():
        os.environ.setdefault(name, value)


def flags() -> dict[str, str]:
    """Return the variables of the environment that set the arithmetic, as they are, for provenance."""
    return {name: os.environ[name] for name in (*CHOSEN, *_CHOSEN_WITH_AVX2, THREADS) if name in os.environ}


def arithmetic() -> dict[str, str | int | bool]:
    """Return what the sums of a training hang on, for its key and its provenance.

    "onednn": whether TensorFlow computes with oneDNN; "isa": the instructions that oneDNN may use, the narrower of what
    it is held to and what the processor has; "threads": those of an operation in a worker; "machine", e.g. "x86_64".
    """
    on = os.environ.get(ONEDNN, CHOSEN[ONEDNN]) not in ("0", "false", "False")
    return {"machine": platform.machine(), "onednn": on, "isa": isa() if on else "none", "threads": threads()}


def threads() -> int:
    """Return the threads of an operation in a worker without a GPU: one, whose sums have one order, unless $THREADS."""
    return int(os.environ.get(THREADS) or 1)


def isa() -> str:
    """Return the widest instructions that oneDNN uses here, by oneDNN's names; "unknown" on another kind of machine."""
    features = processor_features()
    offered = [name for name, feature in _ISAS.items() if feature in features]
    if not offered:
        return "unknown"
    held = os.environ.get(ISA, CHOSEN[ISA]).upper()
    held = _ALIASES.get(held, held)
    if held not in _ISAS:  # DEFAULT, ALL, and what a later oneDNN knows: as wide as the processor
        return offered[-1]
    below = [name for name in offered if list(_ISAS).index(name) <= list(_ISAS).index(held)]
    return below[-1] if below else offered[0]


def has_bfloat16() -> bool:
    """Return whether oneDNN computes bfloat16 here with instructions for it; else it is emulated, many times slower."""
    return isa() in ("AVX512_CORE_BF16", "AVX512_CORE_AMX")


def processor_features() -> tuple[str, ...]:
    """Return which of the instructions that results may hang on this processor has; empty where nothing tells."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    flags = {flag for line in lines if line.startswith("flags") for flag in line.split(":", 1)[1].split()}
    return tuple(name for name in _TOLD if name in flags)
