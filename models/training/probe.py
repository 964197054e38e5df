"""How far a backbone comes untouched: logistic regression on its pooled features.

`python3 probe.py SQUARES NAME FEATURES..`, NAME `leaf` (train split to val split, macro-F1 a crop) or `stem` (five
folds over the groups, balanced accuracy) or `strangers` (leaves; AUROC of "not this crop" against photos of a kind that
was left out of training). FEATURES: float32 files of (photos, channels), as prefix.ts writes them.
"""
import sys
from pathlib import Path

import numpy as np
import torch

from folds import folds_of
from regression import regression
from squares import Squares
from verdicts import LEAF_CROPS, STEM_VERDICTS, leaf_labels


def predicted(weight, x):
    return (torch.cat([x, torch.ones(len(x), 1)], 1) @ weight.T).argmax(1)


def scores(truth, answer, classes):
    recalls, f1 = [], []
    for each in range(classes):
        hit = ((truth == each) & (answer == each)).sum().item()
        recalls.append(hit / max((truth == each).sum().item(), 1))
        f1.append(2 * hit / max((truth == each).sum().item() + (answer == each).sum().item(), 1))
    return np.mean(recalls), np.mean(f1)


def strangers(rows, features):
    """{kind: AUROC, a mean over the crops} of photos of a set that no head learned from."""
    kinds = sorted({row["set"] for row in rows if row["crop"] not in LEAF_CROPS or row["organ"] != "leaf"})
    val = torch.tensor([row["split"] == "val" for row in rows])
    said = {}
    for kind in kinds:
        areas = []
        for crop in LEAF_CROPS:
            labels = leaf_labels(rows, crop)
            own = torch.tensor([row["crop"] == crop and row["organ"] == "leaf" for row in rows])
            y = torch.tensor([labels.index(row["label"]) if mine else len(labels) for row, mine in zip(rows, own)])
            left_out = torch.tensor([row["set"] == kind for row in rows])
            learned = ~val & ~left_out
            weight = regression(features[learned], y[learned], len(labels) + 1)
            logits = torch.cat([features, torch.ones(len(rows), 1)], 1) @ weight.T
            outside = logits.softmax(1)[:, -1]
            high, low = outside[left_out & val], outside[own & val]
            areas.append(((high[:, None] > low).float() + 0.5 * (high[:, None] == low).float()).mean().item())
        said[kind] = np.mean(areas)
    return said


def main():
    folder, name, *files = sys.argv[1:]
    torch.set_num_threads(2)
    rows = Squares(folder, "stem" if name == "stem" else "leaf").rows
    for path in files:
        features = torch.from_numpy(np.fromfile(path, np.float32).reshape(len(rows), -1))
        features = (features - features.mean(0)) / (features.std(0) + 1e-3)
        said = []
        if name == "strangers":
            said += [f"{kind} {area:.3f}" for kind, area in strangers(rows, features).items()]
        elif name == "leaf":
            for crop in LEAF_CROPS:
                mine = [at for at, row in enumerate(rows) if row["crop"] == crop and row["organ"] == "leaf"]
                labels = sorted({rows[at]["label"] for at in mine})
                y = torch.tensor([labels.index(rows[at]["label"]) for at in mine])
                train = torch.tensor([rows[at]["split"] == "train" for at in mine])
                x = features[mine]
                answer = predicted(regression(x[train], y[train], len(labels)), x[~train])
                said.append(f"{crop} macro-F1 {scores(y[~train], answer, len(labels))[1]:.3f}")
        else:
            kinds = sorted(set(STEM_VERDICTS.values()))
            y = torch.tensor([kinds.index(STEM_VERDICTS[row["label"]]) for row in rows])
            dealt = folds_of(rows)
            fold = torch.tensor([dealt[row["group"]] for row in rows])
            answer = torch.zeros(len(rows), dtype=torch.long)
            for each in range(5):
                answer[fold == each] = predicted(regression(features[fold != each], y[fold != each], len(kinds)), features[fold == each])
            said.append(f"four-way balanced accuracy {scores(y, answer, len(kinds))[0]:.3f}")
            lesion = torch.tensor([kinds[each] in ("spot", "rot_or_canker") for each in range(len(kinds))])
            healthy = y == kinds.index("healthy")
            said.append(f"lesion recall {lesion[answer][lesion[y]].float().mean():.3f}, healthy called lesion {lesion[answer][healthy].float().mean():.3f}")
        print(Path(path).name, "; ".join(said), flush=True)


if __name__ == "__main__":
    main()
