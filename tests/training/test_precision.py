"""Half precision is taken where the machine computes in it, and nowhere silently."""

import io

import pytest
from rich.console import Console

from reproduce import arithmetic
from reproduce.errors import ProtocolError
from reproduce.papers.decathlon.table import PAPER
from reproduce.papers.xue2025 import lidc
from reproduce.protocol.text import check_reasons
from reproduce.training.precision import EMULATED, computed_here, computes, precisions_of, trained_otherwise

HAS_IT = ("avx2", "avx512bw", "avx512_bf16")


@pytest.fixture
def processor(monkeypatch):
    def set_to(features, isa="ALL"):
        monkeypatch.setattr(arithmetic, "processor_features", lambda: features)
        monkeypatch.setenv(arithmetic.ISA, isa)

    return set_to


def test_bfloat16_needs_the_instructions_and_float16_a_gpu(processor):
    processor(HAS_IT)
    assert [computes(each, gpus=0) for each in ("float32", "mixed_bfloat16", "mixed_float16")] == [True, True, False]
    processor(HAS_IT, "AVX2")
    assert not computes("mixed_bfloat16", gpus=0)
    assert computes("mixed_bfloat16", gpus=1)
    assert computes("mixed_float16", gpus=1)


def test_bfloat16_on_the_command_line_is_refused_where_it_is_emulated(processor):
    processor(HAS_IT, "AVX2")
    with pytest.raises(ProtocolError, match=r"(?s)oneDNN uses AVX2.*give --precision float32"):
        trained_otherwise(lidc.PAPER, precision="mixed_bfloat16", micro_batch=None, gpus=0)
    changed = trained_otherwise(lidc.PAPER, precision="mixed_bfloat16", micro_batch=None, gpus=1)
    assert changed.optimisation.because["precision"] == "command line: --precision mixed_bfloat16"


def test_a_protocol_of_bfloat16_is_trained_in_float32_where_it_is_emulated_and_says_so(processor):
    processor(("avx2",))
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
    processor(("avx2",))
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
