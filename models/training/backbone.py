"""A convolutional backbone from a `.npz` of folded weights and the layer list beside it.

Batch normalisation is folded away, so a layer is convolution, bias, activation. Padding is TensorFlow's SAME:
at stride 2 on an even side nothing goes before and one row after, which `padding=1` of torch is not.
"""
import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


class Backbone(nn.Module):
    """Input (n, 3, h, w) in -1..1, sides in multiples of 32; output (n, channels, h/32, w/32) before pooling."""

    def __init__(self, folder, name):
        super().__init__()
        listed = json.loads(Path(folder, f"{name}.layers.json").read_text())["layers"]
        kinds = ("conv", "depthwise", "add")
        self.layers = [layer for layer in listed if layer["kind"] in kinds]
        self.channels = next(layer["cin"] for layer in listed if layer["kind"] == "fully_connected")
        # What the last halving takes in: small spots are still several cells there.
        self.fine = [layer for layer in self.layers if layer.get("stride") == 2][-1]["input"]
        weights = np.load(Path(folder, f"{name}.npz"))
        self.weight = nn.ParameterDict()
        self.bias = nn.ParameterDict()
        for layer in self.layers:
            if layer["kind"] == "add":
                continue
            for kind, into in (("weight", self.weight), ("bias", self.bias)):
                into[layer["name"]] = nn.Parameter(torch.from_numpy(weights[f"{layer['name']}.{kind}"].astype(np.float32)))

    def forward(self, x, after=None, until=None):
        """Runs what comes after the layer called `after` (whose output is x) and ends with the layer `until`."""
        names = [layer["name"] for layer in self.layers]
        first = 0 if after is None else names.index(after) + 1
        held = {names[first - 1] if first else "input": x}
        for layer in self.layers[first:]:
            x = self.run(layer, held)
            held[layer["name"]] = x
            if layer["name"] == until:
                break
        return x

    def shape_after(self, name, values):
        """(channels, h, w) of so many values that the layer called `name` made of a square photo."""
        layer = next(each for each in self.layers if each["name"] == name)
        depth = self.shape_after(layer["a"], values)[0] if layer["kind"] == "add" else layer["cout"]
        cells = round((values / depth) ** 0.5)
        return depth, cells, cells

    def run(self, layer, held):
        if layer["kind"] == "add":
            return held[layer["a"]] + held[layer["b"]]
        x = held[layer["input"]]
        across, down = same_padding(x.shape[3], layer), same_padding(x.shape[2], layer)
        even = across[0] == across[1] and down[0] == down[1]
        if not even:
            x = F.pad(x, across + down)
        x = F.conv2d(
            x,
            self.weight[layer["name"]],
            self.bias[layer["name"]],
            stride=layer["stride"],
            padding=(down[0], across[0]) if even else 0,
            groups=layer["cout"] if layer["kind"] == "depthwise" else 1,
        )
        return F.relu6(x, inplace=True) if layer["act"] == "relu6" else x


def same_padding(side, layer):
    """(before, after) along a side of so many cells."""
    stride, k = layer["stride"], layer["k"]
    total = max((-(-side // stride) - 1) * stride + k - side, 0)
    return (total // 2, total - total // 2)
