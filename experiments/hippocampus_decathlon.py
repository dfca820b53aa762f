"""The hippocampus task of the Medical Segmentation Decathlon: nine models on real MRI, five folds by case.

No document prints it. It is the anchor of this package's training: real images, manual references, and a known best.
nnU-Net's 3-D model (Isensee 2021) prints Dice of about 0.90 (anterior) and 0.89 (posterior) after 1000 epochs on a GPU.

    python experiments/hippocampus_decathlon.py --data-root Task04_Hippocampus

Without a data root a phantom cohort shows that it runs. The protocol is ours, and made for two cores: 30 minutes a
fold, which one timed step of each model is held to before the training; --dry-run says it beforehand.
"""

from reproduce import run
from reproduce.papers.decathlon.table import BUDGET_S, PROFILES, what_only_it_has
from reproduce.tasks.segmentation import SEGMENTATION

if __name__ == "__main__":
    run.main(PROFILES, SEGMENTATION, further=what_only_it_has, budget_s=BUDGET_S, script=__file__)
