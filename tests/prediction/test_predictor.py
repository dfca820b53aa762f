"""From an image to regions on its own grid: by hand, by the way of training, and in boxes."""

import subprocess
import sys
import zipfile

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reproduce.errors import IntensityError, ModelFileError, NonFiniteError
from reproduce.imaging.boxes import box_starts
from reproduce.imaging.resample import resize_slices
from reproduce.imaging.volume import Volume
from reproduce.metrics.decisions import decided
from reproduce.models.segmentation.segnet import segnet
from reproduce.prediction.model_file import MEMBER, save_model
from reproduce.prediction.predictor import Predictor
from reproduce.prediction.recipe import painted


def volume(voxels):
    return Volume(np.asarray(voxels, np.float32), np.eye(4), "arbitrary")


def predictor(toy, tmp_path, model, recipe):
    save_model(model, tmp_path / "m.keras", recipe=recipe)
    return Predictor(tmp_path / "m.keras")


def noise(*shape, seed=0):
    return np.random.default_rng(seed).random(shape, dtype=np.float32)


def test_regions_from_their_edges_on(toy, step_model):
    voxels = np.zeros((3, 8, 8), np.float32)
    voxels[1, 2, :5] = (0.2, 0.25, 0.5, 0.75, 1.0)  # low from 0.25 on, high from 0.75 on; one half is positive
    masks = Predictor(step_model).masks(volume(voxels), where="case")
    assert masks.shape == (3, 8, 8, 2)
    assert masks[1, 2, :5, 0].tolist() == [False, True, True, True, True]
    assert masks[1, 2, :5, 1].tolist() == [False, False, False, True, True]
    assert masks.sum() == 6
    assert painted(masks, toy.recipe((8, 8)))[1, 2].tolist() == [0, 1, 1, 2, 2, 0, 0, 0]


def test_regions_are_painted_in_the_order_of_the_recipe(toy):
    masks = np.array([[[[True, True], [True, False], [False, True], [False, False]]]])
    assert painted(masks, toy.recipe((8, 8))).tolist() == [[[2, 1, 2, 0]]]
    turned = toy.recipe((8, 8), regions=(toy.HIGH, toy.LOW))
    assert painted(masks, turned).tolist() == [[[1, 2, 1, 0]]]


@pytest.mark.parametrize(("label", "dtype"), [(255, np.uint8), (256, np.uint16)])
def test_a_label_map_is_as_narrow_as_its_labels(toy, label, dtype):
    regions = (type(toy.LOW)("one", label, toy.LOW.category, toy.LOW.concept),)
    labels = painted(np.ones((1, 1, 1, 1), bool), toy.recipe((8, 8), regions=regions))
    assert (labels.dtype, labels.item()) == (dtype, label)


def test_regions_that_exclude_each_other(toy, tmp_path):
    # softmax of (0, 4 x - 1, 8 x - 4): the first wins below x = 1/4, the second up to x = 3/4, the third above.
    model = toy.pointwise((8, 8), weights=(0, 4, 8), biases=(0, -1, -4), activation="softmax")
    recipe = toy.recipe((8, 8), regions=(toy.BACKGROUND, toy.LOW, toy.HIGH), threshold=None)
    voxels = np.zeros((1, 8, 8), np.float32)
    voxels[0, 0, :4] = (0.2, 0.3, 0.7, 0.8)
    found = predictor(toy, tmp_path, model, recipe)
    assert painted(found.masks(volume(voxels), where="case"), recipe)[0, 0].tolist() == [0, 1, 1, 2, 0, 0, 0, 0]
    assert found.masks(volume(voxels), where="case").sum(axis=-1).tolist() == np.ones((1, 8, 8)).tolist()


def test_channels_are_seen_side_by_side(toy, tmp_path):
    model = toy.pointwise((8, 8), weights=(1,), biases=(0,), n_channels=2, activation="linear")
    recipe = toy.recipe((8, 8), channels=("a", "b"), regions=(toy.LOW,))
    voxels = noise(2, 8, 8, 2)
    found = predictor(toy, tmp_path, model, recipe).probabilities(volume(voxels), where="case")
    np.testing.assert_allclose(found[..., 0], voxels.sum(axis=-1), rtol=1e-6)


@pytest.mark.parametrize("shape", [(8, 8), (13, 7), (5, 20), (32, 40)])
def test_slices_are_resized_as_in_training_and_back_as_in_scoring(toy, tmp_path, shape):
    import tensorflow as tf

    model = toy.pointwise((8, 8), weights=(3, -2), biases=(-1, 1))
    voxels = noise(19, *shape)  # more than two batches
    small = tf.image.resize(voxels[..., None], (8, 8), antialias=True).numpy()
    expected = 1 / (1 + np.exp(-(small * (3, -2) + (-1, 1))))
    if shape != (8, 8):
        expected = resize_slices(expected.astype(np.float32), shape, order=1)
    found = predictor(toy, tmp_path, model, toy.recipe((8, 8)))
    np.testing.assert_allclose(found.probabilities(volume(voxels), where="case"), expected, atol=2e-6)
    clear = np.abs(expected - 0.5) > 1e-5  # nearer to one half rounding may decide
    assert clear.mean() > 0.999
    assert np.array_equal(found.masks(volume(voxels), where="case")[clear], decided(expected, 0.5)[clear])


def test_intensities_are_those_of_the_recipe(toy, tmp_path):
    model = toy.pointwise((8, 8), weights=(1,), biases=(0,), activation="linear")
    found = predictor(toy, tmp_path, model, toy.recipe((8, 8), intensity=toy.ZSCORE, regions=(toy.LOW,)))
    scores = found.probabilities(volume(100 + 7 * noise(4, 8, 8)), where="case")
    assert scores.mean() == pytest.approx(0, abs=1e-5)
    assert scores.std() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("shape", [(4, 6, 6), (3, 4, 5), (9, 6, 13), (2, 17, 6)])
def test_boxes_cover_a_volume_of_any_size(toy, tmp_path, shape):
    model = toy.pointwise((4, 6, 6), weights=(2,), biases=(-1,))
    voxels = noise(*shape)
    found = predictor(toy, tmp_path, model, toy.recipe((4, 6, 6), regions=(toy.LOW,)))
    expected = 1 / (1 + np.exp(-(2 * voxels - 1)))
    np.testing.assert_allclose(found.probabilities(volume(voxels), where="case")[..., 0], expected, atol=1e-6)


def test_a_small_volume_lies_in_the_middle_and_boxes_that_overlap_are_averaged(toy, tmp_path):
    # The model says of each place its index along x, whatever the image: 0 to 3 in a box of four.
    image = keras.Input((1, 1, 4, 1))
    place = keras.layers.Dense(4, kernel_initializer="zeros", name="place")
    flat = place(keras.layers.Flatten()(image))
    place.set_weights([np.zeros((4, 4)), np.arange(4.0)])
    mask = keras.layers.Reshape((1, 1, 4, 1), name="mask")(flat)
    found = predictor(toy, tmp_path, keras.Model(image, {"mask": mask}), toy.recipe((1, 1, 4), regions=(toy.LOW,)))

    def places(n):
        return found.probabilities(volume(np.zeros((1, 1, n))), where="case").ravel().tolist()

    assert places(4) == [0, 1, 2, 3]
    assert places(2) == [1, 2]  # one voxel of padding on each side
    assert places(1) == [1]  # three of padding: one before, two after
    # Boxes at 0 and 2: 0 1 2 3 - - and - - 0 1 2 3.
    assert places(6) == [0, 1, 1, 2, 2, 3]
    # Boxes at 0, 2 (1.5, half to even) and 3, each 0 1 2 3 at its places; voxel 3: (3 + 1 + 0) / 3.
    assert places(7) == pytest.approx([0, 1, 1, 4 / 3, 1.5, 2.5, 3])


@given(st.integers(1, 40), st.integers(0, 200))
def test_boxes_start_at_0_end_at_the_end_and_share_half(side, more):
    starts = box_starts(side + more, side)
    assert starts[0] == 0
    assert starts[-1] == more
    steps = np.diff(starts)
    assert (steps >= (0 if side == 1 else 1)).all()
    assert (steps <= max(1, side // 2)).all()


def test_an_image_that_has_no_score_names_its_file(toy, tmp_path, step_model):
    voxels = np.zeros((1, 8, 8), np.float32)
    found = predictor(toy, tmp_path, toy.stepwise((8, 8)), toy.recipe((8, 8), intensity=toy.ZSCORE))
    with pytest.raises(IntensityError, match="case_7"):
        found.masks(volume(voxels), where="case_7")
    voxels[0, 1, 1] = np.nan
    with pytest.raises(NonFiniteError, match="case_7"):
        Predictor(step_model).masks(volume(voxels), where="case_7")


def test_a_model_that_does_not_answer_in_numbers_names_the_image(toy, tmp_path):
    model = toy.pointwise((8, 8), weights=(np.nan,), biases=(0,))
    with pytest.raises(NonFiniteError, match=r"64 of 64 that are not\n.+case_7"):
        predictor(toy, tmp_path, model, toy.recipe((8, 8), regions=(toy.LOW,))).masks(
            volume(np.zeros((1, 8, 8))), where="case_7"
        )


def test_a_model_that_loads_and_does_not_run_is_refused(toy, step_model, monkeypatch):
    found = Predictor(step_model)

    def broken(*_):
        raise AttributeError("'list' object has no attribute 'shape'\nArguments received: ...")

    monkeypatch.setattr(found._model, "predict_on_batch", broken)
    with pytest.raises(ModelFileError, match=r"AttributeError: 'list' object has no attribute 'shape'\n.+step\.keras"):
        found.masks(volume(np.zeros((1, 8, 8))), where="case_7")


def test_a_broken_archive_and_a_recipe_of_another_model_are_refused(tmp_path, step_model):
    with zipfile.ZipFile(step_model) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}

    def written(name, changes):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for member, content in (parts | changes).items():
                archive.writestr(member, content)
        return tmp_path / name

    with pytest.raises(ModelFileError, match="that Keras can load"):
        Predictor(written("weights.keras", {"model.weights.h5": b"no weights"}))
    with pytest.raises(ModelFileError, match="that Keras can load"):
        Predictor(written("layer.keras", {"config.json": parts["config.json"].replace(b"Conv2D", b"Conv9D")}))
    other = parts[MEMBER].replace(b"[\n    8,\n    8\n  ]", b"[16, 16]")
    assert other != parts[MEMBER]
    with pytest.raises(ModelFileError, match=r"\(16, 16, 1\), as the recipe says, got \(8, 8, 1\)"):
        Predictor(written("size.keras", {MEMBER: other}))


@pytest.fixture
def moved(toy, tmp_path):
    """A file of SegNet from when its layers stood in another module, and the model itself."""
    model = segnet((32, 32), n_channels=1, n_regions=2, width=2, bn_momentum=0.9)
    recipe = toy.recipe((32, 32), regions=(toy.BACKGROUND, toy.LOW), threshold=None)
    save_model(model, tmp_path / "now.keras", recipe=recipe)
    with zipfile.ZipFile(tmp_path / "now.keras") as now, zipfile.ZipFile(tmp_path / "m.keras", "w") as then:
        for name in now.namelist():
            content = now.read(name).replace(segnet.__module__.encode(), b"reproduce.models.layers.unpooling")
            then.writestr(name, content)
    with zipfile.ZipFile(tmp_path / "m.keras") as then:
        assert b'"module": "reproduce.models.layers.unpooling"' in then.read("config.json")
    return tmp_path / "m.keras", model


def test_a_file_is_read_wherever_its_layers_stand_by_now(moved):
    path, model = moved
    image = noise(1, 32, 32)
    expected = keras.ops.convert_to_numpy(model(image[..., None], training=False)["mask"])
    assert Predictor(path).probabilities(volume(image), where="case") == pytest.approx(expected, abs=1e-6)


LOAD = """
import sys
from pathlib import Path
from reproduce.prediction.predictor import Predictor
Predictor(Path(sys.argv[1]))
print(sorted({"tensorflow_datasets", "reproduce.training", "reproduce.prepared"} & set(sys.modules)))
"""


@pytest.mark.slow
def test_layers_of_this_package_are_known_without_any_training_code(moved):
    command = [sys.executable, "-c", LOAD, str(moved[0])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "[]\n"


def test_a_model_of_bfloat16_is_refused_where_nothing_computes_it(toy, tmp_path, monkeypatch):
    monkeypatch.setattr("reproduce.prediction.predictor.has_bfloat16", lambda: False)
    monkeypatch.setattr(keras.distribution, "list_devices", lambda _: [])
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = toy.stepwise((8, 8))
    finally:
        keras.config.set_dtype_policy("float32")
    with pytest.raises(ModelFileError, match=r"(?s)computes in bfloat16.*export it in float32"):
        predictor(toy, tmp_path, model, toy.recipe((8, 8)))
