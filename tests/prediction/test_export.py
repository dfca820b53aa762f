"""One model in three forms, which agree; and what stands in the way of writing them."""

import importlib.util

import keras
import numpy as np
import pytest

from reproduce.errors import ArgumentError, FolderInUseError, ModelFileError
from reproduce.models.segmentation.unet import unet
from reproduce.prediction.export import export_model
from reproduce.prediction.model_file import read_recipe
from reproduce.prediction.recipe import recipe_of

AGREEMENT = 1e-4


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(1).normal(size=(3, 32, 32, 1)).astype(np.float32)


def made(toy, seed=4):
    """A U-Net that is not trained, whose running statistics are not those of the start either."""
    keras.utils.set_random_seed(seed)
    model = unet((32, 32), n_channels=1, n_regions=3, width=2, batch_norm=True, bn_momentum=0.5, dropout=0.5)
    model(np.random.default_rng(2).normal(size=(4, 32, 32, 1)), training=True)
    regions = (toy.BACKGROUND, toy.LOW, toy.HIGH)
    return model, toy.recipe((32, 32), intensity=toy.ZSCORE, regions=regions, threshold=None)


@pytest.mark.slow
def test_keras_and_saved_model_agree(toy, image, tmp_path):
    import tensorflow as tf

    model, recipe = made(toy)
    exported = export_model(model, tmp_path / "out", name="unet", recipe=recipe, onnx=False)
    expected = model.predict_on_batch(image)["mask"]
    assert np.ptp(expected) > 0.1  # an output that says something
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["unet.json", "unet.keras", "unet_saved_model"]
    assert exported.onnx is None
    assert recipe_of(exported.recipe.read_text()) == read_recipe(exported.keras) == recipe
    again = keras.saving.load_model(exported.keras, compile=False).predict_on_batch(image)["mask"]
    np.testing.assert_allclose(again, expected, atol=AGREEMENT)
    served = tf.saved_model.load(str(exported.saved_model))  # kept: its variables go with it
    np.testing.assert_allclose(served.serve(image)["mask"], expected, atol=AGREEMENT)
    with pytest.raises(FolderInUseError, match=r"unet\.keras"):
        export_model(model, tmp_path / "out", name="unet", recipe=recipe, onnx=False)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:In the future `np.object`:FutureWarning")  # Keras asks NumPy for it
def test_onnx_agrees(toy, image, tmp_path):
    pytest.importorskip("tf2onnx", reason="tf2onnx is of the extra `export`")
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is of the extra `export`")
    model, recipe = made(toy)
    exported = export_model(model, tmp_path, name="unet", recipe=recipe, onnx=True)
    session = runtime.InferenceSession(str(exported.onnx), providers=["CPUExecutionProvider"])
    (given,), (answer,) = session.get_inputs(), session.get_outputs()
    assert (given.name, answer.name) == ("image", "mask")
    (mask,) = session.run(["mask"], {"image": image})
    np.testing.assert_allclose(mask, model.predict_on_batch(image)["mask"], atol=AGREEMENT)


def test_onnx_without_its_packages_is_refused_before_anything_is_written(toy, tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    model, recipe = made(toy)
    with pytest.raises(ModelFileError, match=r"no tf2onnx and no onnx\n(.|\n)+reproduce\[export\]"):
        export_model(model, tmp_path, name="unet", recipe=recipe, onnx=True)
    assert list(tmp_path.iterdir()) == []


def test_a_recipe_of_another_model_or_a_file_for_a_folder_is_refused(toy, tmp_path):
    model, recipe = made(toy)
    with pytest.raises(ArgumentError, match="as the recipe says"):
        export_model(model, tmp_path, name="unet", recipe=toy.recipe((8, 8)), onnx=False)
    (tmp_path / "file").touch()
    with pytest.raises(ArgumentError, match="expected a folder, got a file"):
        export_model(model, tmp_path / "file", name="unet", recipe=recipe, onnx=False)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
