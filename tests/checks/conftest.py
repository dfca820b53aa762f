"""A project with one table whose script computes in no time, and hangs on its variables as a training does."""

import pytest

from reproduce import cache_key

SCRIPT = """
import argparse
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from reproduce.protocol.text import protocol_id


@dataclass(frozen=True)
class Toy:
    profile: str
    epochs: int
    phantom: str = "written at once"
    validation: dict = field(default_factory=lambda: {"n_folds": 2})


PROFILES = {"cpu": Toy("cpu", 5), "smoke": Toy("smoke", 1)}
DICE = 0.5


def dice(fold):
    moves = {"SSE41": 0.002, "DEFAULT": -0.001}.get(os.environ.get("ONEDNN_MAX_CPU_ISA"), 0.0)
    return DICE + moves + (0.25 if fold is not None else 0.0)


def main():
    parser = argparse.ArgumentParser()
    for name in ("profile", "out", "seeds", "workers", "fold"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--pages", action="store_true")
    options = parser.parse_args()
    table = Path(__file__).stem
    folder = Path(options.out) / "results" / table / f"phantom-{options.profile}"
    folder.mkdir(parents=True, exist_ok=True)
    if options.pages:
        (folder / "table.md").write_text("written again")
        return
    toy = PROFILES[options.profile]
    plan = {"kind": "segmentation", "document": "none", "title": "A toy", "source": "phantom"}
    plan |= {"profile": toy.profile, "changed_from_paper": [], "protocol": asdict(toy), "protocol_id": protocol_id(toy)}
    (folder / "protocol.json").write_text(json.dumps(plan))
    isa = os.environ.get("ONEDNN_MAX_CPU_ISA")
    (folder / "provenance.json").write_text(json.dumps({"processor": "a toy", "arithmetic": {"isa": isa}}))
    value = dice(options.fold)
    rows = ["model,region,metric,level,average,unit,n,value,verdict"]
    rows += [f"net,organ,dice,pixel,pooled,ratio,4,{value:.6f},", "net,organ,precision,pixel,pooled,%,0,,"]
    (folder / "table.csv").write_text("\\n".join(rows) + "\\n")
    (folder / "cases.csv").write_text(f"model,patient,dice\\nnet,A,{value:.6f}\\nnet,B,0.900000\\n")


if __name__ == "__main__":
    main()
"""


class Project:
    """A folder with results/ and experiments/."""

    def __init__(self, folder):
        self.folder, self.script = folder, folder / "experiments" / "toy.py"
        self.run = folder / "results" / "toy" / "phantom-cpu"
        self.script.parent.mkdir()
        self.script.write_text(SCRIPT)

    def edit(self, old, new):
        """Change text of the script; what was read of it is forgotten."""
        text = self.script.read_text()
        assert old in text
        self.script.write_text(text.replace(old, new))
        self.forget()

    @staticmethod
    def forget():
        """Forget what `cache_key` has read of any script."""
        for function in (cache_key._read, cache_key._reached, cache_key._is_ours):
            function.cache_clear()


@pytest.fixture
def project(tmp_path, monkeypatch):
    """The project with the table run once under AVX2, and no code.json."""
    from reproduce.rerun import Folders, rerun

    for name in ("REPRODUCE_DATA", "REPRODUCE_REAL_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("REPRODUCE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    made = Project(tmp_path)
    folders = Folders(tmp_path, tmp_path / "cache", None)
    rerun(made.script, "toy/phantom-cpu", ["--profile", "cpu"], folders, variables={})
    made.forget()
    yield made
    made.forget()


@pytest.fixture
def command(project, capsys, monkeypatch):
    """Runs `reproduce` on the project in a wide terminal: exit code, stdout, stderr."""
    from reproduce import cli

    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments):
        with pytest.raises(SystemExit) as caught:
            cli.main([*arguments, "--results", str(project.folder / "results")])
        said = capsys.readouterr()
        return caught.value.code, said.out, said.err

    return call
