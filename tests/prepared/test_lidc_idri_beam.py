"""Preparation by Apache Beam gives the examples that this process gives, in the same order."""

import logging

import numpy as np
import pytest

from reproduce.prepared.lidc_idri import prepare_lidc

pytest.importorskip("apache_beam", reason="apache_beam is of the extra `scale`")


@pytest.mark.filterwarnings("default")  # Beam and what it imports warn of their own matters
def test_beam_prepares_the_same_examples(prepared, phantom_root, tmp_path):
    from apache_beam.options.pipeline_options import PipelineOptions

    logging.getLogger("apache_beam").setLevel(logging.ERROR)
    options = PipelineOptions(["--runner=DirectRunner"])
    by_beam = prepare_lidc(phantom_root, tmp_path, consensus=0.5, min_readers=1, beam=options)
    assert by_beam.key == prepared.key
    assert by_beam.ledger.read_bytes() == prepared.ledger.read_bytes()
    pairs = list(zip(prepared.read().as_numpy_iterator(), by_beam.read().as_numpy_iterator(), strict=True))
    assert len(pairs) == 18
    for ours, theirs in pairs:
        for name, value in ours.items():
            assert np.array_equal(theirs[name], value), name
