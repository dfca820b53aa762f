"""TensorFlow without the notices of its start: what it prints before anybody can set its log level."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType

# That a machine has no GPU, that oneDNN is on or leaves int64 to other kernels, that libraries of CUDA register twice:
# each line by the file that says it. What other files say goes on to the user, and after the start everything does.
_NOTICE = re.compile(
    rb"WARNING: All log messages before absl::InitializeLog\(\)"
    rb"|[IWE]\d{4} .*\b(port|cudart_stub|cuda_platform|cuda_dnn|cuda_blas|cuda_fft|cuda_diagnostics|cpu_feature_guard"
    rb"|computation_placer|gpu_device)\.cc:\d+\] "
    rb"|E\d{4} .*\butil\.cc:\d+\] oneDNN supports DT_INT64 only"
)


class QuietTensorFlow:
    """Finds TensorFlow as anybody would, and takes the notices of its start from standard error; once a process.

    GPUs are listed with the import, since the first who lists them has the notices of their absence.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the module's own spec, its loader made quiet; None for any other module."""
        if fullname != "tensorflow":
            return None
        with suppress(ValueError):
            sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is None or spec.loader is None:
            return spec
        load = spec.loader.exec_module

        def load_quietly(module: ModuleType) -> None:
            with without_notices():
                load(module)
                module.config.list_physical_devices("GPU")

        spec.loader.exec_module = load_quietly  # type: ignore[method-assign]  # of this loader alone
        return spec


@contextmanager
def without_notices() -> Iterator[None]:
    """Hold back what the process writes to standard error, and write it at the end without `_NOTICE`."""
    import tempfile  # only where TensorFlow is imported: it takes its time

    try:
        kept = os.dup(2)
    except OSError:  # there is no standard error
        yield
        return
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            said.seek(0)
            for line in said:
                if not _NOTICE.match(line):
                    os.write(2, line)
