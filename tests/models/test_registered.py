"""What a saved model may name: every module that registers something is imported, and names do not change."""

import ast
from pathlib import Path

import keras

from reproduce.models.registered import MODULES

PACKAGE = Path(__file__).parents[2] / "reproduce"
# As they stand in the files that people have.
NAMES = {
    *("AdaptiveAveragePooling", "BatchNormalization", "BilinearResize", "BilinearUpsampling", "BinaryCrossEntropy"),
    *("CategoricalCrossEntropy", "ChannelAffine", "ChannelPadding", "ChannelScale", "ChannelShuffle", "ChannelSlice"),
    *("ContextMixing", "Focal", "GlobalResponse", "GroupedPointwise", "ImageNetInput", "MaskRCNN"),
    *("MaxPoolingWithIndices", "MeanMagnitude", "PatchMerging", "RadialBasis", "ResponseNormalisation"),
    *("SelfAttention", "Shrink", "SparseConvolution", "SquaredDice", "Sum", "Tokens", "TrainableSubsampling"),
    *("Unpooling", "Warp", "WindowAttention", "scaled_tanh"),
}


def registers(path: Path) -> bool:
    nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ClassDef | ast.FunctionDef)]
    return any("register" in ast.unparse(each) for node in nodes for each in node.decorator_list)


def test_every_module_that_registers_something_is_imported():
    modules = {".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts): path for path in PACKAGE.rglob("*.py")}
    assert {name for name, path in modules.items() if registers(path)} == {module.__name__ for module in MODULES}


def test_names_in_files_stay_what_they_are():
    registered = {name.removeprefix("reproduce>") for name in keras.saving.get_custom_objects() if "reproduce>" in name}
    assert registered == NAMES
