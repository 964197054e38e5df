"""Training of a backbone's last layers on features that its first layers made: the loop that both models share."""
import math

import numpy as np
import torch
from torch import nn


class Features:
    """Views of the same photos, each a float32 file of (photos, channels, h, w)."""

    def __init__(self, paths, photos):
        self.views = []
        for path in paths:
            flat = np.memmap(path, dtype=np.float32, mode="r")
            self.views.append(flat.reshape(photos, -1))

    def batch(self, view, at, shape):
        return torch.from_numpy(self.views[view][np.asarray(at)]).view(len(at), *shape)


def trainable(backbone, after):
    """Only the layers after `after` learn; returns their parameters."""
    names = [layer["name"] for layer in backbone.layers]
    learning = set(names[names.index(after) + 1 :])
    chosen = []
    for into in (backbone.weight, backbone.bias):
        for name in into:
            into[name].requires_grad_(name in learning)
            if name in learning:
                chosen.append(into[name])
    return chosen


def train(step, parameters, epochs, batches, tell):
    """`step(epoch, batch)` gives the loss of a batch; `parameters`: [(list, learning rate)]. Ends with the average of
    the last two fifths' weights, which is steadier than any one of them."""
    groups = [{"params": each, "lr": rate, "initial": rate} for each, rate in parameters]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.02)
    everything = [each for group, _ in parameters for each in group]
    mean, steps, total = [each.detach().clone() for each in everything], 0, epochs * batches
    for epoch in range(epochs):
        losses = []
        for batch in range(batches):
            at = (epoch * batches + batch) / total
            # Warm for the first twentieth, then half a cosine down to a fiftieth.
            factor = min(1, at / 0.05 + 0.02) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * at)))
            for group in optimiser.param_groups:
                group["lr"] = group["initial"] * factor
            optimiser.zero_grad(set_to_none=True)
            loss = step(epoch, batch)
            loss.backward()
            nn.utils.clip_grad_norm_(everything, 5.0)
            optimiser.step()
            losses.append(loss.item())
            if at >= 0.6:
                steps += 1
                with torch.no_grad():
                    for kept, each in zip(mean, everything):
                        kept += (each - kept) / steps
        tell(f"epoch {epoch + 1} of {epochs}: loss {np.mean(losses):.4f}")
    with torch.no_grad():
        for kept, each in zip(mean, everything):
            each.copy_(kept)


def mixed(x, generator, strength=0.3):
    """Mixup of features (Zhang et al. 2018): x, the partner of each row, and the share that stays its own."""
    partner = torch.randperm(len(x), generator=generator)
    share = 1 - strength * torch.rand(len(x), generator=generator)
    wide = share.view(-1, *[1] * (x.dim() - 1))
    return x * wide + x[partner] * (1 - wide), partner, share


def numpy_weights(backbone):
    return {
        f"{name}.{kind}": into[name].detach().numpy()
        for kind, into in (("weight", backbone.weight), ("bias", backbone.bias))
        for name in into
    }
