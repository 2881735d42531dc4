"""Networks: shapes and sizes that the paper states, the heads' algebra, torchvision's names."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
import torchvision
from torch import nn

from facekp_train.evaluation.published import published_systems
from facekp_train.networks.folded import folded
from facekp_train.networks.heads import HeatmapHead
from facekp_train.networks.keypoint_net import BACKBONES, DeployedNet, NetConfig, build_net
from facekp_train.networks.mobilenet import (
    Conv,
    InvertedResidual,
    MobileNetV2,
    hidden_widths,
    stage_channels,
)
from facekp_train.networks.resnet import ResNet50
from facekp_train.training.imagenet import fold_normalisation


def megabytes(net: nn.Module) -> float:
    return sum(p.numel() for p in net.parameters()) * 4 / 1e6


@pytest.mark.parametrize(("share", "size"), [(1.0, 7.7), (0.25, 2.3), (0.5, 4.1)])
def test_deployed_sizes_are_the_papers(share: float, size: float) -> None:
    """The paper's are those of files, with their headers."""
    net = build_net(NetConfig(points=68, widths=hidden_widths(share)))
    assert megabytes(DeployedNet(net)) == pytest.approx(size, abs=0.05)
    published = {system.model: system.megabytes for system in published_systems().values()}
    assert 0 < published.get(f"{share:g}X", size + 0.1) - size < 0.25


@pytest.mark.parametrize("width", [0.35, 0.75, 1.0, 1.4])
def test_mobilenet_has_torchvisions_names_and_shapes(width: float) -> None:
    theirs = torchvision.models.mobilenet_v2(weights=None, width_mult=width).state_dict()
    ours = MobileNetV2(channels=stage_channels(width)).state_dict()
    assert {name: t.shape for name, t in ours.items()} == {
        name: theirs[name].shape for name in ours if name in theirs
    }
    left_out = {name.split(".")[1] for name in theirs if name not in ours and name.startswith("features")}
    assert left_out == {"18"}


def test_resnet_is_torchvisions() -> None:
    theirs, ours = torchvision.models.resnet50(weights=None).eval(), ResNet50().eval()
    ours.load_state_dict({n: t for n, t in theirs.state_dict().items() if not n.startswith("fc.")})
    pictures = torch.randn(2, 3, 64, 64)
    features = nn.Sequential(*list(theirs.children())[:-2])(pictures)
    assert torch.allclose(ours(pictures), features, rtol=1e-4, atol=1e-5)


def test_block_outputs_of_equal_width_do_not_become_residuals() -> None:
    """Stage 5 starts with stride 1: pruned to its input's width it must not add its input."""

    def residuals(net: MobileNetV2) -> list[bool]:
        return [m.residual for m in net.modules() if isinstance(m, InvertedResidual)]

    equal = residuals(MobileNetV2(channels=(32, 16, 24, 32, 64, 64, 160, 320)))
    assert equal == residuals(MobileNetV2()) and sum(equal) == 10


def test_stride_two_pads_as_tensorflow_does() -> None:
    """TF's SAME: out = ceil(in / stride), the odd pixel of padding goes right and bottom."""
    conv = Conv(3, 4, 3, stride=2)
    image = torch.randn(1, 3, 16, 16)
    by_hand = F.conv2d(F.pad(image, (0, 1, 0, 1)), conv.weight, stride=2)
    assert torch.equal(conv(image), by_hand)
    assert conv(image).shape[-2:] == (8, 8)
    impulse = torch.zeros(1, 3, 16, 16)
    impulse[..., 0, 0] = 1
    # The first output pixel is centred on input pixel 1, so pixel 0 meets the kernel's corner.
    assert torch.allclose(conv(impulse)[0, :, 0, 0], conv.weight[:, :, 0, 0].sum(1), atol=1e-6)


def test_strided_depthwise_keeps_its_precision_under_autocast() -> None:
    """They run in float32 there, for speed (see Conv); what comes out is as exact as their input."""
    conv, picture = Conv(8, 8, 3, stride=2, groups=8), torch.randn(2, 8, 16, 16)
    with torch.autocast("cpu", torch.bfloat16):
        answer = conv(picture)
    assert torch.equal(answer, conv(picture))


def test_heatmap_head_equals_upsampling_first() -> None:
    """Reducing channels before bilinear upsampling is the paper's head, which upsamples first."""
    head = HeatmapHead(channels=48, width=16, points=5).eval()
    nn.init.uniform_(head.bn.weight)
    nn.init.uniform_(head.bn.bias)
    features = torch.randn(2, 48, 4, 4)
    upsampled = F.interpolate(features, scale_factor=8, mode="bilinear", align_corners=False)
    upsampling_first = head.to_maps(F.relu(head.bn(head.reduce(upsampled)))).sigmoid()
    assert head(features).shape == (2, 5, 32, 32)
    assert torch.allclose(head(features), upsampling_first, atol=1e-6)


def test_folded_normalisation_answers_as_imagenets() -> None:
    conv, norm = nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8)
    nn.init.uniform_(norm.running_mean), nn.init.uniform_(norm.running_var, 0.5, 2)  # type: ignore[arg-type]
    norm.eval()
    pixels = torch.randint(0, 256, (2, 3, 12, 12)).float()
    mean = torch.tensor((0.485, 0.456, 0.406))[:, None, None]
    std = torch.tensor((0.229, 0.224, 0.225))[:, None, None]
    before = norm(conv((pixels / 255 - mean) / std))
    fold_normalisation(conv, norm)
    assert torch.allclose(norm(conv(pixels / 128 - 1)), before, atol=1e-4)


@pytest.mark.parametrize("backbone", ["mobilenet-v2", "resnet-50"])
def test_deployed_net_is_the_regression_half(backbone: str) -> None:
    net = build_net(NetConfig(backbone=backbone, points=5, size=64)).eval()
    pixels = torch.randint(0, 256, (2, 3, 64, 64)).float()
    flat = DeployedNet(net)(pixels)
    assert isinstance(flat, torch.Tensor)
    assert flat.shape == (2, 10)
    assert torch.equal(flat.view(2, 5, 2), net(pixels).keypoints)
    assert net(pixels).heatmaps is None
    net.train()
    assert net(pixels).heatmaps.shape == (2, 5, 16, 16)


@pytest.mark.parametrize(
    "wrong",
    [
        {"points": 1},
        {"points": 1001},
        {"backbone": "vgg"},
        {"size": 100},
        {"widths": (0,) * 16},
        {"widths": (8,) * 3},
        {"channels": (8,) * 5},
        {"backbone": "resnet-50", "widths": (8,) * 16},
    ],
)
def test_a_net_that_cannot_be_built_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        build_net(NetConfig.model_validate(wrong))


@pytest.mark.parametrize("backbone", BACKBONES)
def test_a_folded_net_gives_the_same_answers_without_bn(backbone: str) -> None:
    """Statistics, scales and shifts that are all of their own: an identity would hide a fault."""
    torch.manual_seed(0)
    net = build_net(NetConfig(backbone=backbone, points=5, size=64))
    for layer in net.modules():
        if isinstance(layer, nn.BatchNorm2d):
            for values in (layer.weight, layer.bias, layer.running_mean):
                assert values is not None
                nn.init.uniform_(values, 0.5, 1.5)
    net.train()(torch.rand(16, 3, 64, 64) * 255)
    quick = folded(net)
    crops = torch.rand(4, 3, 64, 64) * 255
    with torch.no_grad():
        assert torch.allclose(quick.features(crops), net.eval().features(crops), rtol=1e-3, atol=1e-4)
        assert torch.allclose(quick(crops).keypoints, net(crops).keypoints, atol=1e-5)
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in quick.backbone.modules())
    assert any(isinstance(layer, nn.BatchNorm2d) for layer in net.backbone.modules())
    assert not quick.training and not any(tensor.requires_grad for tensor in quick.parameters())
