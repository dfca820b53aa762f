"""A whole CT predicted by `Predictor`, beside PyTorch and ONNX Runtime with the same weights.

From HU in memory to masks: window, network, most probable region, one slice of 512x512 at a time as `Predictor` has
it, one thread, oneDNN held to AVX2 in all that use it. Torch in both layouts, of which the faster counts; ONNX Runtime
on what `export_model` writes by tf2onnx.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import keras
import numpy as np
from dicom_series import first_slices, write_phantom
from timing import Row, compared, in_turn, not_timed, require_same, version

from reproduce.imaging.dicom import read_series
from reproduce.models.segmentation.unet import unet
from reproduce.prediction.export import export_model
from reproduce.prediction.predictor import Predictor
from reproduce.prediction.recipe import ABNORMALITY, TISSUE, Recipe, Region
from reproduce.protocol.intensities import Window
from reproduce.training.determinism import configure

LOW_HU, HIGH_HU = -1000.0, 400.0
REGIONS = (Region("ground", 0, TISSUE, TISSUE), Region("lesion", 1, ABNORMALITY, ABNORMALITY))
Network = Callable[[np.ndarray], np.ndarray]


def rows(data: Path, *, quick: bool) -> Iterator[Row]:
    """Compare on one phantom series."""
    configure(worker=0, precision="float32")
    size, n_written, n_slices = (64, 16, 8) if quick else (512, 133, 41)
    whole = write_phantom(data, matrix=size, n_slices=n_written)
    volume = read_series(first_slices(whole, n_slices, data / f"series_{size}_{n_slices}")).volume
    model = balanced(size, volume.voxels[n_slices // 2])
    what = f"whole CT, U-Net 8 wide, {n_slices} slices of {size}x{size}"
    recipe = Recipe(2, (size, size), ("CT",), Window(low_hu=LOW_HU, high_hu=HIGH_HU), REGIONS, None)
    with tempfile.TemporaryDirectory() as folder:
        onnx_error = ""
        try:
            exported = export_model(model, Path(folder), name="unet", recipe=recipe, onnx=True)
        except Exception as error:  # what tf2onnx raises hangs on the versions of four packages
            onnx_error = f"{type(error).__name__}: {error}".splitlines()[0]
            exported = export_model(model, Path(folder) / "again", name="unet", recipe=recipe, onnx=False)
        predictor = Predictor(exported.keras)
        ours = predictor.masks(volume, where="phantom")
        share = float(ours[..., 1].mean())
        require_same(0.01 < share < 0.99, f"{what}: lesion has {share:.3f} of the voxels, so that masks show little")
        makers = {"torch": lambda: torch_networks(model), "onnxruntime": lambda: onnx_networks(exported.onnx)}
        sides, checks = {"ours": lambda: predictor.masks(volume, where="phantom")}, {}
        for library, make in makers.items():
            if library == "onnxruntime" and onnx_error:
                yield not_timed(what, library, onnx_error)
                continue
            try:
                variant, network = fastest(make(), volume.voxels[:8])
            except ImportError as error:
                yield not_timed(what, library, str(error))
                continue
            others = float(np.mean(masks_by(network, volume.voxels) != ours))
            require_same(others < 1e-4, f"{what}: {library} has {others:.1e} of the voxels in another region")
            peer = f"{version(library)}, {variant}"
            checks[peer] = f"{others:.0e} of {ours[..., 0].size} voxels in another region"
            sides[peer] = lambda network=network: masks_by(network, volume.voxels)
        taken = in_turn(sides, rounds=2 if quick else 5)
    for peer, check in checks.items():
        yield compared(what, peer, taken["ours"], taken[peer], check=check)


def fastest(networks: dict[str, Network], voxels: np.ndarray) -> tuple[str, Network]:
    """Return the variant of a network that takes the least time on some slices."""
    taken = in_turn({name: lambda n=network: masks_by(n, voxels) for name, network in networks.items()}, rounds=2)
    best = min(taken, key=lambda name: min(taken[name]))
    return best, networks[best]


def balanced(size: int, hu: np.ndarray) -> keras.Model:
    """Return a U-Net of random weights that gives half of a slice to each region."""
    keras.utils.set_random_seed(1)
    model = unet((size, size), n_channels=1, n_regions=2, width=8, batch_norm=True, bn_momentum=0.9, dropout=0.0)
    p = np.asarray(model(_windowed(hu)[None, ..., None])["mask"])
    kernel, bias = model.get_layer("mask_logits").get_weights()
    model.get_layer("mask_logits").set_weights([kernel, bias - [0, np.median(np.log(p[..., 1] / p[..., 0]))]])
    return model


def masks_by(network: Network, voxels: np.ndarray) -> np.ndarray:
    """Return bool `[z, y, x, region]` of a network that gives logits or probabilities `[1, y, x, region]`."""
    masks = np.empty((*voxels.shape, 2), bool)
    for z, hu in enumerate(voxels):
        found = network(_windowed(hu)[None, ..., None])[0]
        masks[z, ..., 1] = found[..., 1] > found[..., 0]
        masks[z, ..., 0] = ~masks[z, ..., 1]
    return masks


def torch_networks(model: keras.Model) -> dict[str, Network]:
    """Return the network in torch, in both layouts."""
    import torch
    from torch_unet import UNet

    torch.set_num_threads(1)

    def network(layout: torch.memory_format) -> Network:
        module = UNet(model).eval().to(memory_format=layout)

        def run(images: np.ndarray) -> np.ndarray:
            with torch.inference_mode():
                x = torch.from_numpy(images).permute(0, 3, 1, 2).to(memory_format=layout)
                return module(x).permute(0, 2, 3, 1).numpy()

        return run

    return {str(x).removeprefix("torch."): network(x) for x in (torch.contiguous_format, torch.channels_last)}


def onnx_networks(path: Path) -> dict[str, Network]:
    """Return the network in ONNX Runtime."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return {"CPUExecutionProvider": lambda images: session.run(None, {name: images})[0]}


def _windowed(hu: np.ndarray) -> np.ndarray:
    return np.clip((hu.astype(np.float32) - LOW_HU) / (HIGH_HU - LOW_HU), 0, 1, dtype=np.float32)
