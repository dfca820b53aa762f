"""The recipe travels inside the .keras file, which stays one that Keras loads by itself."""

import zipfile

import keras
import numpy as np
import pytest

from reproduce.errors import ArgumentError, DataNotFoundError, ModelFileError
from reproduce.models.layers.blocks import conv_bn_relu, mask_head
from reproduce.prediction.model_file import MEMBER, read_recipe, save_model


def test_recipe_and_weights_come_back(toy, step_model):
    assert read_recipe(step_model) == toy.recipe((8, 8))
    model = keras.saving.load_model(step_model)
    image = np.linspace(0, 1, 64, dtype=np.float32).reshape(1, 8, 8, 1)
    ours = toy.stepwise((8, 8)).predict_on_batch(image)["mask"]
    assert np.array_equal(model.predict_on_batch(image)["mask"], ours)


def test_a_file_with_batch_normalisation_needs_nothing_of_this_package(toy, tmp_path):
    image = keras.Input((8, 8, 1), name="image")
    x = conv_bn_relu(image, 3, "conv", bn_momentum=0.9)
    model = keras.Model(image, {"mask": mask_head(x, 2)}, name="toy")
    model.set_weights([np.linspace(0.1, 1.0, weight.size).reshape(weight.shape) for weight in model.get_weights()])
    save_model(model, tmp_path / "m.keras", recipe=toy.recipe((8, 8)))
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        assert b"reproduce" not in archive.read("config.json")
    given = np.linspace(0, 1, 64, dtype=np.float32).reshape(1, 8, 8, 1)
    again = keras.saving.load_model(tmp_path / "m.keras")
    assert np.array_equal(again.predict_on_batch(given)["mask"], model.predict_on_batch(given)["mask"])


def test_what_trains_the_model_is_left_out(toy, tmp_path):
    model = toy.stepwise((8, 8))
    model.compile(optimizer="adam", loss={"mask": "binary_crossentropy"})
    image, mask = np.zeros((1, 8, 8, 1), np.float32), np.zeros((1, 8, 8, 2), np.float32)
    model.train_on_batch(image, {"mask": mask})
    save_model(model, tmp_path / "trained.keras", recipe=toy.recipe((8, 8)))
    with zipfile.ZipFile(tmp_path / "trained.keras") as archive:
        names = set(archive.namelist())
        assert names == {"metadata.json", "config.json", "model.weights.h5", MEMBER}
    assert [path.name for path in tmp_path.iterdir()] == ["trained.keras"]


def test_a_file_is_replaced_as_a_whole(toy, tmp_path):
    path = tmp_path / "new" / "m.keras"
    save_model(toy.stepwise((8, 8)), path, recipe=toy.recipe((8, 8)))
    save_model(toy.stepwise((4, 4)), path, recipe=toy.recipe((4, 4)))
    assert read_recipe(path).size == (4, 4)


def test_a_model_without_a_recipe_is_refused(toy, tmp_path):
    toy.stepwise((8, 8)).save(tmp_path / "plain.keras")
    with pytest.raises(ModelFileError, match=r"says how it wants its input.+without reproduce_recipe\.json"):
        read_recipe(tmp_path / "plain.keras")


def test_other_files_are_refused(tmp_path):
    with pytest.raises(DataNotFoundError, match="nothing there"):
        read_recipe(tmp_path / "none.keras")
    with pytest.raises(DataNotFoundError, match="a folder"):
        read_recipe(tmp_path)
    (tmp_path / "a.keras").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(600))
    with pytest.raises(ModelFileError, match=r"expected a \.keras file"):
        read_recipe(tmp_path / "a.keras")
    (tmp_path / "empty.keras").touch()
    with pytest.raises(ModelFileError):
        read_recipe(tmp_path / "empty.keras")


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 2}', "null", '{"format": 1}', b"\xff\xfe"])
def test_a_recipe_that_cannot_be_read_is_refused(tmp_path, text):
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
        archive.writestr(MEMBER, text)
        archive.writestr("config.json", "{}")
    with pytest.raises(ModelFileError, match=r"m\.keras"):
        read_recipe(tmp_path / "m.keras")


def rewritten(path, target, change):
    """A copy of a model file in which `change(name, content)` gives each member."""
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w") as archive:
        for name in source.namelist():
            archive.writestr(name, change(name, source.read(name)))
    return target


DAMAGED = {
    "a recipe nested too deep": (MEMBER, lambda _: b"[" * 100_000, "RecursionError"),
    "a config nested too deep": ("config.json", lambda _: b"[" * 100_000, "RecursionError"),
    "a config that is no UTF-8": ("config.json", lambda content: b"\xff" + content, "UnicodeDecodeError"),
    "a config that is no JSON": ("config.json", lambda content: content[:-9], "JSONDecodeError"),
    "a module that is absent": ("config.json", lambda c: c.replace(b"keras.layers", b"reproduce.no"), "reproduce.no"),
    "a module of others": ("config.json", lambda c: c.replace(b'"keras.layers"', b'"os"'), "got os"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_is_told_before_keras_is_loaded(step_model, tmp_path, name):
    member, change, match = DAMAGED[name]
    path = rewritten(step_model, tmp_path / "m.keras", lambda n, content: change(content) if n == member else content)
    with pytest.raises(ModelFileError, match=match):
        read_recipe(path)


def test_a_flipped_bit_of_the_config_is_told(step_model, tmp_path):
    content = bytearray(step_model.read_bytes())
    with zipfile.ZipFile(step_model) as archive:
        info = archive.getinfo("config.json")
    content[info.header_offset + 30 + len(info.filename) + 20] ^= 1
    (tmp_path / "m.keras").write_bytes(content)
    with pytest.raises(ModelFileError, match=r"CRC|Error"):
        read_recipe(tmp_path / "m.keras")


@pytest.mark.parametrize("fault", ["size", "channels", "regions", "axes"])
def test_a_recipe_of_another_model_is_not_written(toy, tmp_path, fault):
    recipes = {
        "size": toy.recipe((16, 16)),
        "channels": toy.recipe((8, 8), channels=("T1", "T2")),
        "regions": toy.recipe((8, 8), regions=(toy.LOW,)),
        "axes": toy.recipe((1, 8, 8)),
    }
    with pytest.raises(ArgumentError, match="as the recipe says"):
        save_model(toy.stepwise((8, 8)), tmp_path / "m.keras", recipe=recipes[fault])
    assert list(tmp_path.iterdir()) == []


def test_a_model_without_the_output_mask_is_not_written(toy, tmp_path):
    model = toy.stepwise((8, 8))
    renamed = keras.Model(model.input, {"probabilities": model.output["mask"]})
    with pytest.raises(ArgumentError, match='an output "mask"'):
        save_model(renamed, tmp_path / "m.keras", recipe=toy.recipe((8, 8)))
    bare = keras.Model(model.input, model.output["mask"])
    save_model(bare, tmp_path / "m.keras", recipe=toy.recipe((8, 8)))


def test_another_suffix_is_refused(toy, tmp_path):
    with pytest.raises(ArgumentError, match=r"m\.h5"):
        save_model(toy.stepwise((8, 8)), tmp_path / "m.h5", recipe=toy.recipe((8, 8)))


def test_a_model_of_any_size_fits_every_recipe_of_its_channels(toy, tmp_path):
    save_model(toy.stepwise((None, None)), tmp_path / "m.keras", recipe=toy.recipe((24, 16)))
    assert read_recipe(tmp_path / "m.keras").size == (24, 16)


@keras.saving.register_keras_serializable("tests")
class Plain(keras.Model):
    """A model that says its shapes only when it is called, as Mask R-CNN does."""

    def __init__(self, **settings):
        super().__init__(**settings)
        self.logits = keras.layers.Conv2D(2, 1)

    def call(self, image, training=False):
        """Probabilities of two regions; `training` is Keras's."""
        return {"mask": keras.ops.sigmoid(self.logits(image)), "trained": training}


def test_a_model_that_does_not_say_its_shapes_is_shown_an_image(toy, tmp_path):
    save_model(Plain(), tmp_path / "m.keras", recipe=toy.recipe((8, 8)))
    assert read_recipe(tmp_path / "m.keras").size == (8, 8)
    with pytest.raises(ArgumentError, match=r"an output of \(8, 8, 1\), as the recipe says, got \(8, 8, 2\)"):
        save_model(Plain(), tmp_path / "n.keras", recipe=toy.recipe((8, 8), regions=(toy.LOW,)))
    fed = Plain()
    fed(np.zeros((1, 8, 8, 3), np.float32))
    with pytest.raises(ArgumentError, match=r"a model that takes \(8, 8, 1\)"):
        save_model(fed, tmp_path / "n.keras", recipe=toy.recipe((8, 8)))
    assert not (tmp_path / "n.keras").exists()
