"""A leaf off its backdrop, where the backdrop is plain, and onto another one.

MangoLeafBD has one to three backdrops a class, coffee a white one throughout: a network may learn the wall instead of
the leaf. Tensors are (3, h, w), float, 0..255.
"""
import torch
import torch.nn.functional as F

RING = 10  # pixels at the border that are taken for backdrop


def leaf_mask(photo):
    """Share of leaf a pixel, (h, w) in 0..1; None where the backdrop isn't plain enough to be told from the leaf."""
    _, height, width = photo.shape
    ring = torch.ones(height, width, dtype=torch.bool)
    ring[RING:-RING, RING:-RING] = False
    colours = photo[:, ring]
    centre = colours.median(1).values
    plain = (colours - centre[:, None]).abs().sum(0)
    near = colours[:, plain <= plain.quantile(0.7)]
    # A wall is lit from one side: its colour is a plane over the picture, fitted to what looks like wall.
    down, across = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij")
    at = torch.stack([torch.ones_like(down), down, across])
    chosen = ring.clone()
    chosen[ring] = plain <= plain.quantile(0.7)
    points = at[:, chosen]
    # Three unknowns: normal equations, with a grain of ridge for a ring that lies on one side.
    wall = torch.linalg.solve(points @ points.T + torch.eye(3), points @ photo[:, chosen].T)
    expected = (wall.T @ at.reshape(3, -1)).view_as(photo)
    spread = (near - near.mean(1, keepdim=True)).std(1).mean().clamp(min=4)
    distance = (photo - expected).abs().amax(0)
    mask = (distance > 3.0 * spread + 10).float()
    # Open, then close, with a 7 px square: specks go, veins stay.
    mask = dilated(eroded(mask, 5), 5)
    mask = eroded(dilated(mask, 13), 13)
    area, touches = float(mask.mean()), float(mask[ring].mean())
    if spread > 22 or not 0.12 < area < 0.85 or touches > 0.35:
        return None
    return F.avg_pool2d(mask[None, None], 5, 1, 2)[0, 0]


def dilated(mask, k):
    return F.max_pool2d(mask[None, None], k, 1, k // 2)[0, 0]


def eroded(mask, k):
    return 1 - dilated(1 - mask, k)


def backdrop(others, side, generator):
    """A piece of one of `others` (n, side, side, 3, uint8), or a plain wall of any colour, lit from one side."""
    if len(others) and torch.rand(1, generator=generator) < 0.5:
        at = int(torch.randint(0, len(others), (1,), generator=generator))
        return others[at].permute(2, 0, 1).float()
    low, high = torch.rand(2, 3, 1, 1, generator=generator) * 235 + 20
    tone = low + (high - low) * 0.3
    slope = torch.linspace(0, 1, side).view(1, 1, side).expand(1, side, side)
    noise = torch.randn(3, side, side, generator=generator) * float(torch.rand(1, generator=generator) * 8)
    return (low + (tone - low) * slope + noise).clamp(0, 255)
