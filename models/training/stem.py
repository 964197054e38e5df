"""Trains the stem screen: `python3 stem.py BACKBONES NAME VIEWS --out F [--without FOLD]`.

Four outputs a tile (verdicts.STEM_OUTPUTS). `--without` leaves one fold out, for cross-validation; without it every
tile of the pack is learned from, train and val.
"""
import argparse
import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from backbone import Backbone
from tail import Features, numpy_weights, train, trainable
from verdicts import STEM_OUTPUTS

BATCH = 32
SMOOTHING = 0.05
# Beside the tiles' own background, photos of other things: needed to refuse, but there are more of them.
NEGATIVE_WEIGHS = 0.4


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("backbones")
    arguments.add_argument("name")
    arguments.add_argument("views")
    arguments.add_argument("--out", required=True)
    arguments.add_argument("--after", default="L12")
    arguments.add_argument("--without", type=int, default=-1)
    arguments.add_argument("--epochs", type=int, default=12)
    arguments.add_argument("--rate", type=float, default=2e-4)
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    torch.set_num_threads(2)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(given.seed)
    generator = torch.Generator().manual_seed(given.seed)
    listed = json.loads(Path(given.views, "rows.json").read_text())
    rows, mosaics = listed["rows"], listed["mosaics"]
    kind = torch.tensor([STEM_OUTPUTS.index(row["verdict"]) for row in rows])
    learned = torch.tensor([row["fold"] != given.without for row in rows])
    is_tile = torch.tensor([row["set"] == "dragonfruit_stem_tiles" for row in rows])
    counts = torch.bincount(kind[learned & is_tile], minlength=len(STEM_OUTPUTS)).float()
    # Between equal classes and as they come: lesions are few, and all of them matter.
    weight = ((counts.mean() / counts) ** 0.8)[kind]
    weight[~is_tile] = NEGATIVE_WEIGHS

    backbone = Backbone(given.backbones, given.name)
    last = trainable(backbone, given.after)
    depth = next(layer["cout"] for layer in backbone.layers if layer["name"] == given.after)
    head = nn.Linear(backbone.channels, len(STEM_OUTPUTS))
    nn.init.normal_(head.weight, std=0.01)
    nn.init.zeros_(head.bias)
    singles = Features(sorted(Path(given.views).glob("singles-*.f32")), len(rows))
    fours = [Features([path], len(made)) for path, made in zip(sorted(Path(given.views).glob("mosaics-*.f32")), mosaics)]
    cells = int(round((singles.views[0].shape[1] / depth) ** 0.5))
    alone = torch.nonzero(learned).flatten()
    plan = {}

    def batches_of(generator):
        """An epoch: every learned tile once alone and once in a mosaic."""
        made = []
        shuffled = alone[torch.randperm(len(alone), generator=generator)]
        view = int(torch.randint(0, len(singles.views), (1,), generator=generator))
        made += [(singles, view, each, None) for each in shuffled.split(BATCH)]
        view = int(torch.randint(0, len(fours), (1,), generator=generator))
        whole = [at for at, four in enumerate(mosaics[view]) if bool(learned[four[0]])]
        order = torch.tensor(whole)[torch.randperm(len(whole), generator=generator)]
        made += [(fours[view], 0, each, torch.tensor(mosaics[view])[each]) for each in order.split(BATCH // 4)]
        return [made[at] for at in torch.randperm(len(made), generator=generator)]

    def step(epoch, batch):
        if batch == 0:
            plan["batches"] = batches_of(generator)
        features, view, at, four = plan["batches"][batch]
        side = cells if four is None else 2 * cells
        top = backbone(features.batch(view, at.numpy(), (depth, side, side)), after=given.after)
        if four is None:
            pooled, chosen = top.mean((2, 3)), at
        else:
            half = top.shape[2] // 2
            quarters = top.view(len(at), top.shape[1], 2, half, 2, half).mean((3, 5))
            pooled, chosen = quarters.permute(0, 2, 3, 1).reshape(-1, top.shape[1]), four.flatten()
        logits = head(F.dropout(pooled, 0.3))
        each = F.cross_entropy(logits, kind[chosen], reduction="none", label_smoothing=SMOOTHING)
        return (each * weight[chosen]).mean()

    most = min(len(alone.split(BATCH)) + -(-sum(bool(learned[four[0]]) for four in made) // (BATCH // 4)) for made in mosaics)
    train(step, [(last, given.rate), (list(head.parameters()), 2e-3)], given.epochs, most, lambda said: print(said, flush=True))
    weights = numpy_weights(backbone) | {"head.weight": head.weight.detach().numpy(), "head.bias": head.bias.detach().numpy()}
    np.savez(given.out, meta=json.dumps({"backbone": given.name, "outputs": STEM_OUTPUTS}), **weights)


if __name__ == "__main__":
    main()
