"""Which script an export finds for a table, and what it says where there is none."""

from pathlib import Path

import pytest

from reproduce.cli import main
from reproduce.errors import DataNotFoundError, ProtocolError
from reproduce.tasks.export import experiment_of

SCRIPTS = Path(__file__).parents[2] / "experiments"


@pytest.mark.parametrize("table", ["ablation_brats", "ablation_lidc", "table2_brats", "hippocampus_ablation"])
def test_a_table_is_found_in_the_script_that_runs_it(table):
    assert experiment_of(table, "smoke", scripts=SCRIPTS).table == table


def test_an_ablation_is_exported_by_the_name_of_its_results_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("REPRODUCE_CACHE", str(tmp_path))
    monkeypatch.delenv("REPRODUCE_DATA", raising=False)
    with pytest.raises(SystemExit) as left:
        main(["export", "ablation_brats", str(tmp_path / "model.keras"), "--project", str(SCRIPTS.parent)])
    assert left.value.code == 2
    text = capsys.readouterr().err
    assert "the data that the table was run on" in text  # the script is found, and its phantom has not been written
    assert str(tmp_path / "phantoms" / "ablation_brats-cpu") in text


def test_a_table_that_no_script_runs_is_refused_with_those_near_it(tmp_path):
    (tmp_path / "ablation.py").write_text("def tables():\n    return {'ablation_x': {}, 'ablation_y': {}}\n")
    with pytest.raises(DataNotFoundError, match="only ablation_x, ablation_y"):
        experiment_of("ablation_z", "cpu", scripts=tmp_path)
    with pytest.raises(DataNotFoundError, match="nothing there"):
        experiment_of("table9", "cpu", scripts=tmp_path)


@pytest.mark.parametrize(
    ("table", "profile"), [("pneumonia_cnn", "cpu"), ("layers_table1", "cpu"), ("pneumonia_cnn", "paper")]
)
def test_a_table_whose_models_outline_nothing_is_refused(table, profile):
    with pytest.raises(ProtocolError, match="a table of segmentation"):
        experiment_of(table, profile, scripts=SCRIPTS)
