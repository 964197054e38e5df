"""Photos as they might have come: turned, cropped, in other light, through a worse camera.

Tensors are (n, 3, h, w), float, 0..255. Every draw comes from the generator that is handed in.
"""
import math

import torch
import torch.nn.functional as F
import torchvision.io as images


def uniform(generator, n, low, high):
    return low + (high - low) * torch.rand(n, generator=generator)


def turned(photos, side, generator, area=(0.55, 1.0), degrees=30.0):
    """A crop of that share of the area, mirrored, turned by quarters and a little more, at `side` pixels."""
    n = len(photos)
    scale = uniform(generator, n, *area).sqrt()
    stretch = torch.exp(uniform(generator, n, -0.2, 0.2))
    quarter = torch.randint(0, 4, (n,), generator=generator) * (math.pi / 2)
    angle = quarter + uniform(generator, n, -degrees, degrees) * (math.pi / 180)
    mirror = torch.randint(0, 2, (n,), generator=generator) * 2.0 - 1
    room = 1 - scale
    across, down = (uniform(generator, n, -1, 1) * room for _ in range(2))
    cos, sin = angle.cos(), angle.sin()
    wide, high = scale * stretch, scale / stretch
    rows = [torch.stack([wide * cos * mirror, -high * sin, across], 1), torch.stack([wide * sin * mirror, high * cos, down], 1)]
    grid = F.affine_grid(torch.stack(rows, 1), (n, 3, side, side), align_corners=False)
    return F.grid_sample(photos, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def relit(photos, generator, cast=0.12, light=0.25):
    """Another exposure, contrast and saturation, and the colour cast of another camera or hour."""
    n = len(photos)

    def factor(most, channels=1):
        return torch.exp(uniform(generator, n * channels, -most, most)).view(n, channels, 1, 1)

    photos = photos * factor(light) * factor(cast, 3)
    mean = photos.mean((1, 2, 3), keepdim=True)
    photos = mean + (photos - mean) * factor(light)
    grey = photos.mean(1, keepdim=True)
    photos = grey + (photos - grey) * factor(light)
    return photos.clamp(0, 255)


def worse(photos, generator):
    """A third loses sharpness (drawn small, then large again), a third goes through JPEG at quality 35 to 90."""
    kept = []
    side = photos.shape[2]
    for photo, kind in zip(photos, torch.rand(len(photos), generator=generator)):
        if kind < 0.33:
            small = int(side * uniform(generator, 1, 0.4, 0.9))
            shrunk = F.interpolate(photo[None], size=(small, small), mode="bilinear", align_corners=False)
            photo = F.interpolate(shrunk, size=(side, side), mode="bilinear", align_corners=False)[0]
        elif kind < 0.66:
            quality = int(uniform(generator, 1, 35, 90))
            photo = images.decode_jpeg(images.encode_jpeg(photo.byte(), quality)).float()
        kept.append(photo)
    return torch.stack(kept)
