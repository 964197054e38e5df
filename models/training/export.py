"""Weights to ONNX: `python3 export.py leaf|stem|prefix|pooled BACKBONES WEIGHTS|NAME OUT [--ranges F] [--every]
[--side N]`.

`--every` adds each activation as an output, for calibration; `--ranges` quantises with what calibration saw. `prefix`
writes the untouched backbone up to the layer `--until`; `pooled` writes what a head of the second backbone sees of it.
"""
import argparse
import json
from pathlib import Path

import numpy as np
import onnx

from backbone import Backbone
from graph import Graph
from tail import numpy_weights

SECOND = "second/"  # before the names of the second backbone's layers
TILE_CELLS = 5  # a stem tile is 160 px, and a cell of the last layer 32 px


def leaf_heads(graph, planes, weights, heads):
    """A map of logits a crop, its classifier at every cell of the last layer, and its mean, which is the crop's answer:
    both are linear, so that the mean of the map is the classifier of the mean."""
    features = graph.node("Concat", planes, "features", axis=1)
    outputs = {}
    for crop, labels in heads.items():
        weight = graph.constant(f"head.{crop}.weight", weights[f"head.{crop}.weight"][:, :, None, None])
        bias = graph.constant(f"head.{crop}.bias", weights[f"head.{crop}.bias"])
        cells = graph.node("Conv", [features, weight, bias], f"{crop}_map", kernel_shape=[1, 1])
        graph.node("Flatten", [graph.node("GlobalAveragePool", [cells], f"{crop}.mean")], crop, axis=1)
        outputs[crop] = ["photos", len(labels) + 1]
        outputs[f"{crop}_map"] = ["photos", len(labels) + 1, "rows", "columns"]
    return outputs


def second_planes(graph, backbone, prefix=""):
    """The untouched second backbone: its last layer, and the one before the last halving."""
    held = graph.backbone(backbone.layers, numpy_weights(backbone), prefix=prefix)
    return [held[backbone.layers[-1]["name"]], halved(graph, held[backbone.fine])]


def halved(graph, plane):
    """A plane of twice the last layer's cells, in its cells; the mean stays the mean."""
    return graph.node("AveragePool", [plane], f"{plane}.halved", kernel_shape=[2, 2], strides=[2, 2])


def stem_head(graph, top, weights):
    """Four logits a tile. The classifier comes before the mean over the tile's 5 x 5 cells: both are linear, and four
    planes are cheaper to average than 512."""
    weight = graph.constant("head.weight", weights["head.weight"][:, :, None, None])
    bias = graph.constant("head.bias", weights["head.bias"])
    cells = graph.node("Conv", [top, weight, bias], "cells", kernel_shape=[1, 1])
    graph.node("AveragePool", [cells], "tiles", kernel_shape=[TILE_CELLS] * 2, strides=[1, 1])
    return {"tiles": ["photos", len(weights["head.bias"]), "rows", "columns"]}


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("kind", choices=["leaf", "stem", "prefix", "pooled"])
    arguments.add_argument("backbones")
    arguments.add_argument("weights")
    arguments.add_argument("out")
    arguments.add_argument("--ranges")
    arguments.add_argument("--every", action="store_true")
    arguments.add_argument("--until")
    arguments.add_argument("--side", type=int)
    given = arguments.parse_args()
    graph = Graph(json.loads(Path(given.ranges).read_text()) if given.ranges else None)
    networks = {}
    if given.kind == "prefix":
        backbone = Backbone(given.backbones, given.weights)
        graph.backbone(backbone.layers, numpy_weights(backbone), until=given.until)
        outputs = {given.until: ["photos", "channels", "rows", "columns"]}
    elif given.kind == "pooled":
        planes = second_planes(graph, Backbone(given.backbones, given.weights))
        pooled = graph.node("GlobalAveragePool", [graph.node("Concat", planes, "both", axis=1)], "mean")
        graph.node("Flatten", [pooled], "pooled", axis=1)
        outputs = {"pooled": ["photos", "channels"]}
    else:
        weights = dict(np.load(given.weights))
        meta = json.loads(str(weights.pop("meta")))
        networks[""] = Backbone(given.backbones, meta["backbone"])
        top = graph.backbone(networks[""].layers, weights)[networks[""].layers[-1]["name"]]
        if given.kind == "leaf":
            networks[SECOND] = Backbone(given.backbones, meta["second"])
            planes = [top, *second_planes(graph, networks[SECOND], SECOND)]
            outputs = leaf_heads(graph, planes, weights, meta["heads"])
        else:
            outputs = stem_head(graph, top, weights)
    if given.every:
        for prefix, backbone in networks.items():
            for name in (prefix + layer["name"] for layer in backbone.layers):
                outputs[name] = ["photos", f"c{name}", f"h{name}", f"w{name}"]
    onnx.save(graph.model(outputs, given.side), given.out)


if __name__ == "__main__":
    main()
