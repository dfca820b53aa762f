"""The arithmetic of a training is chosen before TensorFlow is imported, in every process, and told."""

import json
import os
import subprocess
import sys

import pytest

from reproduce import arithmetic
from reproduce.cache_key import cache_key
from reproduce.training.determinism import configure

WIDE = ("sse4_1", "avx", "avx2", "avx512bw", "avx512_bf16")
IN_A_PROCESS = """
import json, sys
from reproduce.arithmetic import arithmetic
print(json.dumps([arithmetic(), "tensorflow" in sys.modules]))
"""


@pytest.fixture
def processor(monkeypatch):
    """Sets the instructions that the processor has, and the variables; those not named are absent."""

    def set_to(features, **variables):
        monkeypatch.setattr(arithmetic, "processor_features", lambda: features)
        for name in (arithmetic.ONEDNN, arithmetic.ISA, arithmetic.THREADS):
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return set_to


@pytest.mark.parametrize(
    ("features", "held", "used"),
    [
        (WIDE, None, "AVX2"),
        (WIDE, "SSE41", "SSE41"),
        (WIDE, "AVX512_CORE_VNNI", "AVX512_CORE"),
        (WIDE, "DEFAULT", "AVX512_CORE_BF16"),
        (WIDE[:3], "DEFAULT", "AVX2"),
        (WIDE[:3], "AVX512_CORE", "AVX2"),
        (WIDE[:2], None, "AVX"),
        ((), None, "unknown"),
    ],
)
def test_the_narrower_of_processor_and_variable_is_used(processor, features, held, used):
    processor(features, **({} if held is None else {arithmetic.ISA: held}))
    assert arithmetic.arithmetic()["isa"] == used


def test_bfloat16_needs_its_own_instructions_and_leave_to_use_them(processor):
    processor(WIDE)
    assert not arithmetic.has_bfloat16()
    processor(WIDE, **{arithmetic.ISA: "DEFAULT"})
    assert arithmetic.has_bfloat16()
    processor(WIDE[:4], **{arithmetic.ISA: "DEFAULT"})
    assert not arithmetic.has_bfloat16()


def test_without_onednn_no_instructions_of_it_are_named(processor):
    processor(WIDE, **{arithmetic.ONEDNN: "0"})
    assert (arithmetic.arithmetic()["onednn"], arithmetic.arithmetic()["isa"]) == (False, "none")


def _run(code, **variables):
    environment = {name: value for name, value in os.environ.items() if name not in arithmetic.CHOSEN}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment | variables, capture_output=True, text=True, check=True
    )


def test_a_process_that_imports_the_package_has_it_chosen_and_keeps_what_its_user_set():
    chosen, imported = json.loads(_run(IN_A_PROCESS).stdout)
    assert chosen["onednn"]
    assert chosen["threads"] == 1
    assert not imported
    assert json.loads(_run(IN_A_PROCESS, TF_ENABLE_ONEDNN_OPTS="0").stdout)[0]["onednn"] is False


def test_numpy_and_its_matrices_are_held_to_the_same_instructions():
    told = json.loads(
        _run("import json, reproduce; from reproduce.arithmetic import flags; print(json.dumps(flags()))").stdout
    )
    assert told["NPY_DISABLE_CPU_FEATURES"].split() == ["X86_V4", "AVX512_ICL", "AVX512_SPR"]
    assert told.get("OPENBLAS_CORETYPE") == ("Haswell" if "avx2" in arithmetic.processor_features() else None)


def test_another_arithmetic_trains_again_and_prepares_nothing_again(monkeypatch):
    from reproduce.phantoms.writers.lidc import write_lidc_cohort

    def keys():
        return cache_key(configure), cache_key(write_lidc_cohort)

    monkeypatch.setenv(arithmetic.ISA, "AVX2")
    before = keys()
    monkeypatch.setenv(arithmetic.ISA, "SSE41")
    after = keys()
    assert before[0] != after[0]
    assert before[1] == after[1]


def test_tensorflow_starts_without_its_notices_and_real_errors_are_told():
    said = (
        "import os, reproduce, tensorflow as tf; tf.config.list_physical_devices(); "
        "from reproduce.training.determinism import configure; configure(worker=0, precision='float32'); "
        "tf.transpose(tf.zeros((1, 1), tf.int64)); os.write(2, b'E0000 x.cc:1] lost')"
    )
    assert _run(said).stderr == "E0000 x.cc:1] lost"


def test_what_is_no_notice_of_the_start_goes_on_to_the_user(capfd):
    from reproduce.tensorflow_import import without_notices

    with without_notices():
        os.write(2, b"I0000 00:00:1 1 port.cc:153] oneDNN custom operations are on.\n")
        os.write(2, b"E0000 00:00:1 1 cuda_platform.cc:52] failed call to cuInit\n")
        os.write(2, b"E0000 00:00:1 1 loader.cc:9] the file is damaged\n")
    assert capfd.readouterr().err == "E0000 00:00:1 1 loader.cc:9] the file is damaged\n"
