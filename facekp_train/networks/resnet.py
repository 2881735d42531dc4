"""ResNet-50's features, torchvision's own (He et al., https://arxiv.org/abs/1512.03385): the teacher."""

from __future__ import annotations

from torch import Tensor, nn
from torchvision.models import resnet50


class ResNet50(nn.Module):
    """Features of ResNet-50: normalised [B, 3, S, S] -> [B, 2048, S / 32, S / 32]."""

    channels = 2048

    def __init__(self) -> None:
        super().__init__()
        whole = resnet50(weights=None)
        for name, module in whole.named_children():
            if name not in ("avgpool", "fc"):
                self.add_module(name, module)

    def forward(self, x: Tensor) -> Tensor:
        """Last feature map of normalised pictures; S is a multiple of 32."""
        for module in self.children():
            x = module(x)
        return x

    @property
    def stem(self) -> tuple[nn.Conv2d, nn.BatchNorm2d]:
        """The first convolution and its BN, into which an input normalisation can be folded."""
        conv, norm = self.get_submodule("conv1"), self.get_submodule("bn1")
        assert isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)
        return conv, norm
