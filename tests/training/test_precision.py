"""Half precision is taken where the machine computes in it, and nowhere silently."""

import io

import pytest
from rich.console import Console

from reproduce.errors import ProtocolError
from reproduce.papers.decathlon.table import PAPER
from reproduce.papers.xue2025 import lidc
from reproduce.protocol.text import check_reasons
from reproduce.training import precision
from reproduce.training.precision import EMULATED, computed_here, computes, precisions_of, trained_otherwise

HAS_IT = {"avx2", "avx512f", "avx512_bf16"}


@pytest.fixture
def processor(monkeypatch):
    def set_to(flags, isa=None):
        monkeypatch.setattr(precision, "cpu_flags", lambda: flags)
        monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
        if isa:
            monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", isa)

    return set_to


@pytest.mark.parametrize(
    ("flags", "isa", "expected"),
    [
        ({"avx2"}, None, False),
        (HAS_IT, None, True),
        (HAS_IT, "ALL", True),
        (HAS_IT, "AVX2", False),
        (HAS_IT, "AVX512_CORE", False),
        (HAS_IT, "AVX512_CORE_BF16", True),
        ({"avx512f", "amx_bf16"}, "AVX512_CORE_AMX", True),
    ],
)
def test_bfloat16_needs_the_instructions_and_leave_to_use_them(processor, flags, isa, expected):
    processor(flags, isa)
    assert computes("mixed_bfloat16", gpus=0) is expected
    assert computes("mixed_bfloat16", gpus=1)
    assert computes("float32", gpus=0)


def test_bfloat16_on_the_command_line_is_refused_where_it_is_emulated(processor):
    processor(HAS_IT, "AVX2")
    with pytest.raises(ProtocolError, match=r"(?s)ONEDNN_MAX_CPU_ISA=AVX2.*give --precision float32"):
        trained_otherwise(lidc.PAPER, precision="mixed_bfloat16", micro_batch=None, gpus=0)
    changed = trained_otherwise(lidc.PAPER, precision="mixed_bfloat16", micro_batch=None, gpus=1)
    assert changed.optimisation.because["precision"] == "command line: --precision mixed_bfloat16"


def test_a_protocol_of_bfloat16_is_trained_in_float32_where_it_is_emulated_and_says_so(processor):
    processor({"avx2"})
    console = Console(file=io.StringIO(), width=200)
    here = computed_here(PAPER, gpus=0, ran=None, console=console)
    assert precisions_of(PAPER) == {"float32", "mixed_bfloat16"}
    assert precisions_of(here) == {"float32"}
    assert {arm.optimisation.because["precision"] for arm in here.arms[-2:]} == {EMULATED}
    assert "we use float32 where the processor has no bfloat16" in console.file.getvalue()
    check_reasons(PAPER, here)
    assert here.optimisation == PAPER.optimisation


def test_it_stays_where_it_is_computed(processor):
    processor(HAS_IT)
    assert computed_here(PAPER, gpus=0, ran=None, console=Console(file=io.StringIO())) == PAPER


def test_pages_keep_the_precision_of_their_run(processor, tmp_path):
    processor({"avx2"})
    record, console = tmp_path / "protocol.json", Console(file=io.StringIO())
    record.write_text("{}")
    assert computed_here(PAPER, gpus=0, ran=record, console=console) == PAPER
    record.write_text(EMULATED)
    assert precisions_of(computed_here(PAPER, gpus=0, ran=record, console=console)) == {"float32"}


def test_a_micro_batch_must_divide_every_batch():
    changed = trained_otherwise(lidc.PAPER, precision=None, micro_batch=8, gpus=0)
    assert changed.optimisation.micro_batch == 8
    with pytest.raises(ProtocolError, match="--micro-batch 5"):
        trained_otherwise(lidc.PAPER, precision=None, micro_batch=5, gpus=0)
