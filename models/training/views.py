"""Views of the leaf photos: `python3 views.py SQUARES OUT --views 5 --side 224 --seed 1`.

View 0 is the photo as it is; each other is what augment.py made of every photo of the train split once. The frozen part of the backbone then runs over
each view only once, however many epochs follow. Writes OUT/view-K.bin (uint8, n x side x side x 3) and OUT/rows.json.
"""
import argparse
import json
from pathlib import Path

import torch
import torch.nn.functional as F

from augment import relit, turned, worse
from cutout import backdrop, leaf_mask
from squares import Squares

# Sets whose backdrop is one wall or sheet, so that leaf and backdrop can be told apart.
PLAIN = ("mango_leaf", "coffee_leaf", "negatives_citrus")
OTHER_PLACES = ("negatives_ground", "negatives_scenes", "negatives_objects")
# The camera of chilli_leaf gives some classes a cast of their own: colour alone must not tell them apart.
STRONG_CAST = ("chilli_leaf",)


def composed(photo, place, mask, generator):
    """Half of the leaves that can be cut out get another backdrop."""
    if mask is None or torch.rand(1, generator=generator) < 0.5:
        return photo
    return photo * mask + backdrop(place, photo.shape[1], generator) * (1 - mask)


def bytes_of(photos):
    return photos.permute(0, 2, 3, 1).round().clamp(0, 255).byte().contiguous().numpy().tobytes()


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("squares")
    arguments.add_argument("out")
    arguments.add_argument("--views", type=int, default=5)
    arguments.add_argument("--side", type=int, default=224)
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    torch.set_num_threads(2)
    torch.use_deterministic_algorithms(True)
    squares = Squares(given.squares, "leaf")
    chosen = squares.where(lambda row: row["split"] == "train")
    rows = [squares.rows[at] for at in chosen]
    places = [at for at in chosen if squares.rows[at]["set"] in OTHER_PLACES]
    place = torch.from_numpy(squares.pixels[places].copy())
    out = Path(given.out)
    out.mkdir(parents=True, exist_ok=True)
    (out / "rows.json").write_text(json.dumps({"sidePx": given.side, "photos": rows}))
    masks = {}
    for view in range(given.views):
        if (out / f"view-{view}.bin").exists() or (out / f"view-{view}.f32").exists():
            continue
        generator = torch.Generator().manual_seed(given.seed * 1000 + view - 1)
        with open(out / f"view-{view}.part", "wb") as file:
            for first in range(0, len(chosen), 16):
                at = chosen[first : first + 16]
                photos = squares.planes(at)
                if view == 0:
                    size = (given.side, given.side)
                    photos = F.interpolate(photos, size=size, mode="bilinear", antialias=True, align_corners=False)
                    file.write(bytes_of(photos))
                    continue
                for each, index in enumerate(at):
                    if squares.rows[index]["set"] not in PLAIN:
                        continue
                    if index not in masks:
                        masks[index] = leaf_mask(photos[each])
                    photos[each] = composed(photos[each], place, masks[index], generator)
                strong = torch.tensor([squares.rows[index]["set"] in STRONG_CAST for index in at]).view(-1, 1, 1, 1)
                photos = turned(photos, given.side, generator)
                photos = torch.where(strong, relit(photos, generator, cast=0.25), relit(photos, generator))
                photos = worse(photos, generator)
                file.write(bytes_of(photos))
        (out / f"view-{view}.part").rename(out / f"view-{view}.bin")


if __name__ == "__main__":
    main()
