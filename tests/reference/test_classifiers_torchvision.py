"""Classifiers against torchvision 0.28 and torch 2.13: the same weights, layer by layer, give the same logits.

torchvision.models.alexnet, vgg16, googlenet, shufflenet_v2_x1_0 and the classes VisionTransformer, SwinTransformer and
ConvNeXt, all without released weights and in eval mode.
"""

import importlib.util

import keras
import numpy as np
import pytest

from reproduce.models.classification.alexnet import FILTERS_2014, alexnet
from reproduce.models.classification.convnext import convnext
from reproduce.models.classification.googlenet import AUXILIARY_AFTER, INCEPTION, googlenet
from reproduce.models.classification.shufflenet import CHANNELS_V2, UNITS, shufflenet_v2
from reproduce.models.classification.swin import swin
from reproduce.models.classification.vgg import VGG16, vgg
from reproduce.models.classification.vit import vit

if importlib.util.find_spec("triton") and keras.backend.backend() == "tensorflow":
    # Both bring an LLVM of their own: importing triton, as torch does where it is, ends a process that has TensorFlow.
    pytest.skip("triton crashes beside TensorFlow; torch does without: pip uninstall triton", allow_module_level=True)
torch = pytest.importorskip("torch", reason="torch of the extra `bench` is not installed")
torchvision = pytest.importorskip("torchvision", reason="torchvision of the extra `bench` is not installed")
pytestmark = [pytest.mark.bench, pytest.mark.filterwarnings("ignore")]
nn, models = torch.nn, torchvision.models

SEVEN = {"n_channels": 3, "n_classes": 7}
BN = {"bn_momentum": 0.9}


def drawn(network):
    """The network in eval mode, every weight drawn, so that none is what it starts as and signals keep their size."""
    generator = torch.Generator().manual_seed(1)
    for name, values in [*network.named_parameters(), *network.named_buffers()]:
        if values.dtype != torch.float32:
            continue
        if values.ndim > 1 and name.endswith("weight"):
            bound = (6 * values.shape[0] / values.numel()) ** 0.5  # He et al. 2015
            values.data.uniform_(-bound, bound, generator=generator)
        else:  # scales and variances around 1, the rest around 0
            near_one = name.endswith(("weight", "running_var", "layer_scale"))
            values.data.uniform_(*((0.5, 1.5) if near_one else (-0.3, 0.3)), generator=generator)
    return network.eval()


def arrays(module, *, grid=None):
    """A torch module's weights as Keras keeps them; a dense layer after a grid reads it channels last."""
    if isinstance(module, nn.Conv2d):
        order = (2, 3, 0, 1) if module.groups > 1 else (2, 3, 1, 0)
        found = [module.weight.permute(*order)] + ([] if module.bias is None else [module.bias])
    elif isinstance(module, nn.Linear):
        weight = module.weight.T
        if grid:
            weight = weight.reshape(-1, *grid, weight.shape[-1]).permute(1, 2, 0, 3).reshape(weight.shape)
        found = [weight] + ([] if module.bias is None else [module.bias])
    elif isinstance(module, nn.BatchNorm2d):
        found = [module.weight, module.bias, module.running_mean, module.running_var]
    else:
        found = [module.weight, module.bias]
    return [each.detach().numpy() for each in found]


def require_agreement(model, network, weights, *, size, hooked=()):
    """Load the weights, all of them on both sides, and compare logits on two images of noise."""
    assert set(weights) == {layer.name for layer in model.layers if layer.weights}
    assert sum(each.size for found in weights.values() for each in found) == sum(
        values.numel() for name, values in network.state_dict().items() if values.dtype == torch.float32
    )
    for name, found in weights.items():
        model.get_layer(name).set_weights(found)
    images = np.random.default_rng(1).standard_normal((2, *size, 3)).astype(np.float32)
    seen = {}
    for name, source, head in hooked:
        source.register_forward_hook(lambda _, __, output, name=name, head=head: seen.update({name: head(output)}))
    with torch.no_grad():
        seen["class"] = network(torch.from_numpy(images).permute(0, 3, 1, 2))
    taps = {name: model.get_layer(f"{name}_logits").output for name in seen}
    ours = keras.Model(model.input, taps)(images, training=False)
    for name, expected in seen.items():
        spread = float(expected.std(axis=0).mean())
        apart = float(np.abs(keras.ops.convert_to_numpy(ours[name]) - expected.numpy()).max())
        print(f"{model.name} {name}: logits differ by at most {apart:.2e}, two images by {spread:.3f}")
        assert spread > 0.01
        assert apart < 1e-4 * max(1.0, float(expected.abs().max()))


def test_alexnet():
    torch.manual_seed(1)
    network = drawn(models.alexnet(weights=None, num_classes=7))
    weights = {f"conv{k}": arrays(network.features[i]) for k, i in enumerate((0, 3, 6, 8, 10), start=1)}
    weights |= {"fc6": arrays(network.classifier[1], grid=(6, 6)), "fc7": arrays(network.classifier[4])}
    weights["class_logits"] = arrays(network.classifier[6])
    settings = {"filters": FILTERS_2014, "units": 4096, "towers": 1, "stem_padding": 2, "dropout": 0.5}
    model = alexnet((224, 224), **SEVEN, **settings, response_normalisation=False)
    require_agreement(model, network, weights, size=(224, 224))


def test_vgg16():
    torch.manual_seed(2)
    network = drawn(models.vgg16(weights=None, num_classes=7))
    names = iter(f"conv{stage}_{i}" for stage, n in enumerate(VGG16, start=1) for i in range(1, n + 1))
    weights = {next(names): arrays(each) for each in network.features if isinstance(each, nn.Conv2d)}
    weights |= {"fc6": arrays(network.classifier[0], grid=(7, 7)), "fc7": arrays(network.classifier[3])}
    weights["class_logits"] = arrays(network.classifier[6])
    settings = BN | {"n_convs": VGG16, "width": 64, "units": 4096, "batch_norm": False, "dropout": 0.5}
    require_agreement(vgg((224, 224), **SEVEN, **settings), network, weights, size=(224, 224))


def test_googlenet_with_both_auxiliary_classifiers():
    torch.manual_seed(3)
    network = drawn(models.googlenet(weights=None, num_classes=7, aux_logits=True, init_weights=False))
    parts = {"conv1": network.conv1, "conv2_reduce": network.conv2, "conv2": network.conv3}
    for name in INCEPTION:
        part, ours = getattr(network, f"inception{name}"), f"inception{name}"
        parts |= {f"{ours}_1x1": part.branch1, f"{ours}_pool_1x1": part.branch4[1]}
        parts |= {f"{ours}_3x3_reduce": part.branch2[0], f"{ours}_3x3": part.branch2[1]}
        parts |= {f"{ours}_5x5_reduce": part.branch3[0], f"{ours}_5x5": part.branch3[1]}
    weights, hooked = {"class_logits": arrays(network.fc)}, []
    for name, ours in AUXILIARY_AFTER.items():
        head = getattr(network, ours)
        parts[f"{ours}_conv"] = head.conv
        weights |= {f"{ours}_fc": arrays(head.fc1, grid=(4, 4)), f"{ours}_logits": arrays(head.fc2)}
        hooked.append((ours, getattr(network, f"inception{name}"), head))
    for name, part in parts.items():
        weights |= {name: arrays(part.conv), f"{name}_bn": arrays(part.bn)}
    settings = BN | {
        "width": 64,
        "large_kernel": 3,
        "last_pool": 2,
        "batch_norm": True,
        "dropout": 0.2,
        "auxiliary_dropout": 0.7,
    }
    # 160 x 96 is even at every pooling, where both round alike; the heads pool 10 x 6 to 4 x 4.
    model = googlenet((160, 96), **SEVEN, **settings, auxiliary=True)
    require_agreement(model, network, weights, size=(160, 96), hooked=hooked)


def test_shufflenet_v2():
    torch.manual_seed(4)
    network = drawn(models.shufflenet_v2_x1_0(weights=None, num_classes=7))
    pairs = {"stem": network.conv1, "conv5": network.conv5}
    weights = {"class_logits": arrays(network.fc)}
    for stage in (2, 3, 4):
        for i, unit in enumerate(getattr(network, f"stage{stage}"), start=1):
            ours, b = f"stage{stage}_unit{i}", unit.branch2
            pairs |= {f"{ours}_conv1": b[0:2], f"{ours}_depthwise": b[3:5], f"{ours}_conv2": b[5:7]}
            if i == 1:
                pairs |= {f"{ours}_shortcut_depthwise": unit.branch1[0:2], f"{ours}_shortcut": unit.branch1[2:4]}
    for name, pair in pairs.items():
        weights |= {name: arrays(pair[0]), f"{name}_bn": arrays(pair[1])}
    # 75 x 50 is odd at most of its halvings.
    settings = BN | {"channels": CHANNELS_V2[1.0], "last_channels": 1024, "units": UNITS}
    require_agreement(shufflenet_v2((75, 50), **SEVEN, **settings), network, weights, size=(75, 50))


def test_vision_transformer():
    torch.manual_seed(5)
    sizes = {"image_size": 32, "patch_size": 8, "num_layers": 3, "num_heads": 4, "hidden_dim": 32, "mlp_dim": 48}
    network = drawn(models.VisionTransformer(**sizes, num_classes=7))
    encoder = network.encoder
    token, positions = network.class_token[0, 0], encoder.pos_embedding[0]
    weights = {"patches": arrays(network.conv_proj), "all_tokens": [x.detach().numpy() for x in (token, positions)]}
    weights |= {"norm": arrays(encoder.ln), "class_logits": arrays(network.heads.head)}
    for i, block in enumerate(encoder.layers, start=1):
        ours, attention = f"block{i}", block.self_attention
        kernels = attention.in_proj_weight.detach().numpy().reshape(3, 4, 8, 32).transpose(0, 3, 1, 2)
        biases = attention.in_proj_bias.detach().numpy().reshape(3, 4, 8)
        out = attention.out_proj.weight.detach().numpy().T.reshape(4, 8, 32)
        parts = [each for pair in zip(kernels, biases, strict=True) for each in pair]
        weights[f"{ours}_attention"] = [*parts, out, attention.out_proj.bias.detach().numpy()]
        weights |= {f"{ours}_norm1": arrays(block.ln_1), f"{ours}_norm2": arrays(block.ln_2)}
        weights |= {f"{ours}_mlp1": arrays(block.mlp[0]), f"{ours}_mlp2": arrays(block.mlp[3])}
    model = vit((32, 32), **SEVEN, patch=8, width=32, depth=3, heads=4, mlp_width=48, dropout=0.0)
    require_agreement(model, network, weights, size=(32, 32))


def test_swin_transformer_with_shifted_windows():
    torch.manual_seed(6)
    sizes = {"patch_size": [4, 4], "embed_dim": 24, "depths": [2, 4, 2], "num_heads": [3, 6, 12], "window_size": [4, 4]}
    network = drawn(models.SwinTransformer(**sizes, num_classes=7))
    weights = {"patches": arrays(network.features[0][0]), "patches_norm": arrays(network.features[0][2])}
    weights |= {"norm": arrays(network.norm), "class_logits": arrays(network.head)}
    for stage in (1, 2, 3):
        if stage > 1:
            merging = network.features[2 * stage - 2]
            weights |= {f"merge{stage}_norm": arrays(merging.norm), f"merge{stage}": arrays(merging.reduction)}
        for i, block in enumerate(network.features[2 * stage - 1], start=1):
            ours, attention = f"stage{stage}_block{i}", block.attn
            table = attention.relative_position_bias_table.detach().numpy()
            # A layer's own weights come before those of the layers within it.
            weights[f"{ours}_attention"] = [table, *arrays(attention.qkv), *arrays(attention.proj)]
            weights |= {f"{ours}_norm1": arrays(block.norm1), f"{ours}_norm2": arrays(block.norm2)}
            weights |= {f"{ours}_mlp1": arrays(block.mlp[0]), f"{ours}_mlp2": arrays(block.mlp[3])}
    # 16 x 16 and 8 x 8 patches have windows of 4 to shift, 4 x 4 have not.
    settings = {"width": 24, "depths": (2, 4, 2), "heads": (3, 6, 12), "window": 4, "drop_path": 0.0}
    require_agreement(swin((64, 64), **SEVEN, **settings), network, weights, size=(64, 64))


def test_convnext():
    torch.manual_seed(7)
    setting = [models.convnext.CNBlockConfig(*each) for each in ((16, 32, 2), (32, 64, 3), (64, None, 2))]
    network = drawn(models.ConvNeXt(setting, num_classes=7))
    weights = {"stem": arrays(network.features[0][0]), "stem_norm": arrays(network.features[0][1])}
    weights |= {"norm": arrays(network.classifier[0]), "class_logits": arrays(network.classifier[2])}
    for stage in (1, 2, 3):
        if stage > 1:
            norm, down = network.features[2 * stage - 2]
            weights |= {f"down{stage}_norm": arrays(norm), f"down{stage}": arrays(down)}
        for i, each in enumerate(network.features[2 * stage - 1], start=1):
            ours, block = f"stage{stage}_block{i}", each.block
            weights |= {f"{ours}_depthwise": arrays(block[0]), f"{ours}_norm": arrays(block[2])}
            weights |= {f"{ours}_mlp1": arrays(block[3]), f"{ours}_mlp2": arrays(block[5])}
            weights[f"{ours}_scale"] = [each.layer_scale.detach().numpy().ravel()]
    settings = {"widths": (16, 32, 64), "depths": (2, 3, 2), "scale_start": 1e-6, "drop_path": 0.0}
    # 70 x 50 pixels: strides leave rests out
    require_agreement(convnext((70, 50), **SEVEN, **settings), network, weights, size=(70, 50))
