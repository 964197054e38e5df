"""Adds a second, untouched backbone to the leaf model's heads: `python3 second.py BACKBONES FIRST SECOND ROWS
--features F --pooled P.. --after L12 --out O`.

FIRST: the weights that leaf.py wrote; P: what `export.py pooled` sees of each view, float32 (photos, channels). Its heads
are regressions on that, and a crop's logits are the sum of what both backbones say: they err on different photos.
"""
import argparse
import json
from pathlib import Path

import numpy as np
import torch

from backbone import Backbone
from leaf import targets_of
from regression import raw_head
from tail import Features

# The pooled channels outnumber the photos of a crop.
DECAY = 1e-2


def logits_of_first(given, weights, meta, photos):
    """(photos, outputs of all heads) of the trained backbone, from the first view's frozen features."""
    backbone = Backbone(given.backbones, meta["backbone"])
    with torch.no_grad():
        for kind, into in (("weight", backbone.weight), ("bias", backbone.bias)):
            for name in into:
                into[name].copy_(torch.from_numpy(weights[f"{name}.{kind}"]))
        features = Features([given.features], photos)
        shape = backbone.shape_after(given.after, features.views[0].shape[1])
        pooled = [
            backbone(features.batch(0, at.numpy(), shape), after=given.after).mean((2, 3))
            for at in torch.arange(photos).split(64)
        ]
    pooled = torch.cat(pooled)
    return {
        crop: pooled @ torch.from_numpy(weights[f"head.{crop}.weight"]).T + torch.from_numpy(weights[f"head.{crop}.bias"])
        for crop in meta["heads"]
    }


def loudness(logits):
    """How far the labels of a photo lie apart, in the mean; the last output is not a label."""
    return logits[:, :-1].std(1).mean()


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("backbones")
    arguments.add_argument("first")
    arguments.add_argument("second")
    arguments.add_argument("rows")
    arguments.add_argument("--features", required=True)
    arguments.add_argument("--pooled", nargs="+", required=True)
    arguments.add_argument("--after", default="L12")
    arguments.add_argument("--out", required=True)
    given = arguments.parse_args()
    torch.set_num_threads(2)
    torch.use_deterministic_algorithms(True)

    rows = json.loads(Path(given.rows).read_text())["photos"]
    weights = dict(np.load(given.first))
    meta = json.loads(str(weights.pop("meta")))
    target, own, _ = targets_of(rows, meta["heads"])
    first = logits_of_first(given, weights, meta, len(rows))
    pooled = torch.cat([torch.from_numpy(np.fromfile(path, np.float32).reshape(len(rows), -1)) for path in given.pooled])
    for place, (crop, labels) in enumerate(meta["heads"].items()):
        weight, bias = raw_head(pooled, target[:, place].repeat(len(given.pooled)), len(labels) + 1, DECAY)
        mine = own == place
        said = pooled[: len(rows)][mine] @ weight.T + bias
        # Both speak equally loud, or the louder would decide alone.
        share = loudness(first[crop][mine]) / loudness(said)
        both = np.concatenate([weights[f"head.{crop}.weight"], (weight * share).numpy()], 1)
        weights[f"head.{crop}.weight"] = both.astype(np.float32)
        weights[f"head.{crop}.bias"] += (bias * share).numpy()
        print(f"{crop}: the second backbone times {share:.2f}", flush=True)
    np.savez(given.out, meta=json.dumps(meta | {"second": given.second}), **weights)


if __name__ == "__main__":
    main()
