"""The hippocampus task of the Medical Segmentation Decathlon: nine models on real MRI, five folds by case.

No document prints it. It is the anchor of this package's training: real images, manual references, and a known best.
nnU-Net's 3-D model (Isensee 2021) prints Dice of about 0.90 (anterior) and 0.89 (posterior) after 1000 epochs on a GPU.

    python experiments/hippocampus_decathlon.py --data-root Task04_Hippocampus

Without a data root a phantom cohort shows that it runs. The protocol is ours, and made for two cores.
"""

from pathlib import Path

from reproduce import run
from reproduce.papers.decathlon.protocol import write_by_choice
from reproduce.papers.decathlon.table import CPU, PROFILES

if __name__ == "__main__":
    run.main(PROFILES, script=__file__)
    for folder in sorted((Path(__file__).resolve().parents[1] / "results" / CPU.table).glob("*-*")):
        print(write_by_choice(folder))
