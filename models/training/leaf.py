"""Trains the leaf model's last layers and heads: `python3 leaf.py BACKBONES NAME ROWS FEATURES.. --after L41 --out F`.

One head a crop: its labels, and one output more that says "not a leaf of this crop". Photos of the other crops and of
the negatives teach that output; a photo of the crop itself teaches the labels.
"""
import argparse
import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from backbone import Backbone
from regression import raw_head
from tail import Features, mixed, numpy_weights, train, trainable
from verdicts import LEAF_CROPS, leaf_labels

BATCH = 16
SMOOTHING = 0.05
# What the "not this crop" outputs weigh beside a label: there are three such targets to a photo.
OTHERS_WEIGH = 0.15
# Single symptoms out of coffee leaves: they help, but a photo from the field shows a leaf.
SYMPTOM_WEIGHS = 0.8


def targets_of(rows, heads):
    """(photos, crops) index into each head; the photo's own crop, -1 for none; the weight of its label."""
    target = torch.zeros(len(rows), len(heads), dtype=torch.long)
    own = torch.full((len(rows),), -1)
    for at, row in enumerate(rows):
        for head, (crop, labels) in enumerate(heads.items()):
            is_own = row["crop"] == crop and row["organ"] == "leaf"
            target[at, head] = labels.index(row["label"]) if is_own else len(labels)
            if is_own:
                own[at] = head
    weight = torch.ones(len(rows))
    for head, labels in enumerate(heads.values()):
        mine = own == head
        counts = torch.bincount(target[mine, head], minlength=len(labels)).float()
        weight[mine] = (counts.mean() / counts.clamp(min=1))[target[mine, head]]
    for at, row in enumerate(rows):
        if row["set"] == "coffee_symptom":
            weight[at] *= SYMPTOM_WEIGHS
    return target, own, weight


def loss_of(logits, target, own, weight, heads):
    """A loss a photo: its label where it has one, "not this crop" in every other head."""
    first, total = 0, torch.zeros(len(target))
    for head, labels in enumerate(heads.values()):
        mine = own == head
        each = logits[:, first : first + len(labels) + 1]
        first += len(labels) + 1
        smooth = torch.where(mine, SMOOTHING, 0.0).unsqueeze(1)
        wanted = F.one_hot(target[:, head], len(labels) + 1).float()
        spread = torch.cat([torch.full((len(labels),), 1 / len(labels)), torch.zeros(1)])
        wanted = wanted * (1 - smooth) + spread * smooth
        cross = -(wanted * each.log_softmax(1)).sum(1)
        total = total + cross * torch.where(mine, weight, torch.tensor(OTHERS_WEIGH))
    return total


def begin(head, backbone, features, shape, after, target, heads):
    """Each head as the regression on untouched features of two views, so that the first steps don't spoil the layers
    below (Kumar et al. 2022)."""
    with torch.no_grad():
        pooled = []
        for view in range(min(2, len(features.views))):
            for at in torch.arange(len(target)).split(64):
                pooled.append(backbone(features.batch(view, at.numpy(), shape), after=after).mean((2, 3)))
        pooled = torch.cat(pooled)
    first = 0
    for place, labels in enumerate(heads.values()):
        until = first + len(labels) + 1
        weight, bias = raw_head(pooled, target[:, place].repeat(len(pooled) // len(target)), len(labels) + 1)
        with torch.no_grad():
            head.weight[first:until], head.bias[first:until] = weight, bias
        first = until


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("backbones")
    arguments.add_argument("name")
    arguments.add_argument("rows")
    arguments.add_argument("features", nargs="+")
    arguments.add_argument("--after", default="L41")
    arguments.add_argument("--out", required=True)
    arguments.add_argument("--epochs", type=int, default=10)
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    torch.set_num_threads(2)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(given.seed)
    generator = torch.Generator().manual_seed(given.seed)

    rows = json.loads(Path(given.rows).read_text())["photos"]
    heads = {crop: leaf_labels(rows, crop) for crop in LEAF_CROPS}
    target, own, weight = targets_of(rows, heads)
    backbone = Backbone(given.backbones, given.name)
    last = trainable(backbone, given.after)
    features = Features(given.features, len(rows))
    shape = backbone.shape_after(given.after, features.views[0].shape[1])
    head = nn.Linear(backbone.channels, sum(len(labels) + 1 for labels in heads.values()))
    begin(head, backbone, features, shape, given.after, target, heads)
    print("heads fitted on untouched features", flush=True)

    batches = len(rows) // BATCH
    order = {}

    def step(epoch, batch):
        if batch == 0:
            order["at"] = torch.randperm(len(rows), generator=generator)
            # A third of the batches are photos as they are.
            views = torch.randint(-2, len(features.views), (batches,), generator=generator)
            order["view"] = views.clamp(min=0)
        at = order["at"][batch * BATCH : (batch + 1) * BATCH]
        # Rows of a batch come from one view, so that a view is read in one go.
        view = int(order["view"][batch])
        x = features.batch(view, at.numpy(), shape)
        x, partner, share = mixed(x, generator)
        pooled = backbone(x, after=given.after).mean((2, 3))
        logits = head(F.dropout(pooled, 0.1))
        mine = loss_of(logits, target[at], own[at], weight[at], heads)
        theirs = loss_of(logits, target[at][partner], own[at][partner], weight[at][partner], heads)
        return (share * mine + (1 - share) * theirs).mean()

    train(step, [(last, 2.5e-4), (list(head.parameters()), 5e-4)], given.epochs, batches, lambda said: print(said, flush=True))
    weights = numpy_weights(backbone)
    first = 0
    for crop, labels in heads.items():
        until = first + len(labels) + 1
        weights[f"head.{crop}.weight"] = head.weight[first:until].detach().numpy()
        weights[f"head.{crop}.bias"] = head.bias[first:until].detach().numpy()
        first = until
    np.savez(given.out, meta=json.dumps({"backbone": given.name, "heads": heads}), **weights)


if __name__ == "__main__":
    main()
