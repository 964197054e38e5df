"""Weights to ONNX: `python3 export.py leaf|stem|prefix BACKBONES WEIGHTS|NAME OUT [--ranges F] [--every] [--side N]`.

`--every` adds each activation as an output, for calibration; `--ranges` quantises with what calibration saw. `prefix`
writes the untouched backbone up to the layer `--until`.
"""
import argparse
import json
from pathlib import Path

import numpy as np
import onnx

from backbone import Backbone
from graph import Graph
from tail import numpy_weights

TILE_CELLS = 5  # a stem tile is 160 px, and a cell of the last layer 32 px


def leaf_heads(graph, top, weights, heads):
    pooled = graph.node("GlobalAveragePool", [top], "pooled")
    flat = graph.node("Flatten", [pooled], "features", axis=1)
    outputs = {}
    for crop, labels in heads.items():
        weight = graph.constant(f"head.{crop}.weight", weights[f"head.{crop}.weight"])
        bias = graph.constant(f"head.{crop}.bias", weights[f"head.{crop}.bias"])
        graph.node("Gemm", [flat, weight, bias], crop, transB=1)
        outputs[crop] = ["photos", len(labels) + 1]
    return outputs


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
    arguments.add_argument("kind", choices=["leaf", "stem", "prefix"])
    arguments.add_argument("backbones")
    arguments.add_argument("weights")
    arguments.add_argument("out")
    arguments.add_argument("--ranges")
    arguments.add_argument("--every", action="store_true")
    arguments.add_argument("--until")
    arguments.add_argument("--side", type=int)
    given = arguments.parse_args()
    graph = Graph(json.loads(Path(given.ranges).read_text()) if given.ranges else None)
    if given.kind == "prefix":
        backbone = Backbone(given.backbones, given.weights)
        graph.backbone(backbone.layers, numpy_weights(backbone), until=given.until)
        outputs = {given.until: ["photos", "channels", "rows", "columns"]}
    else:
        weights = dict(np.load(given.weights))
        meta = json.loads(str(weights.pop("meta")))
        backbone = Backbone(given.backbones, meta["backbone"])
        top = graph.backbone(backbone.layers, weights)
        outputs = leaf_heads(graph, top, weights, meta["heads"]) if given.kind == "leaf" else stem_head(graph, top, weights)
    if given.every:
        outputs |= {layer["name"]: ["photos", f"c{layer['name']}", f"h{layer['name']}", f"w{layer['name']}"] for layer in backbone.layers}
    onnx.save(graph.model(outputs, given.side), given.out)


if __name__ == "__main__":
    main()
