"""Augmented views of the stem tiles: `python3 stem_views.py SQUARES OUT --singles 6 --mosaics 6 --seed 1`.

A tile is drawn at 160 px: as it lies in a photo of 1,280 px. Tiles come alone, and as mosaics of two by two, because
on the farm the network slides over a whole photo and a tile's border then has neighbours instead of zeros. A mosaic
has tiles of one fold only, so that no held-out pixel is anybody's neighbour. Writes singles-K.bin, mosaics-K.bin (uint8)
and rows.json: rows with their fold, and which rows each mosaic is made of.
"""
import argparse
import json
from pathlib import Path

import torch

from augment import relit, turned, worse
from folds import FOLDS, folds_of
from squares import Squares
from verdicts import STEM_VERDICTS

TILE = 160
# Every so many photos of other things teach what is no stem: about as many as there are tiles without lesion.
NEGATIVE_SETS = {
    "negatives_ground": 1, "negatives_scenes": 3, "negatives_objects": 3, "negatives_citrus": 4, "durian_leaf": 12,
    "coffee_leaf": 20, "coffee_symptom": 11, "mango_leaf": 25, "chilli_leaf": 15, "bean_leaf": 12, "blackgram_leaf": 12,
    "dragonfruit_fruit_maturity": 6,
}


def rows_of(tiles, others):
    """(rows, source): a row has verdict, fold, set and group; source is (squares, index)."""
    dealt = folds_of(tiles.rows)
    rows, source = [], []
    for at, row in enumerate(tiles.rows):
        verdict = STEM_VERDICTS[row["label"]]
        rows.append({"verdict": verdict, "fold": dealt[row["group"]], "set": row["set"], "group": row["group"], "label": row["label"]})
        source.append((tiles, at))
    for name, every in NEGATIVE_SETS.items():
        # The val split stays unseen: it measures what is refused.
        mine = others.where(lambda row: row["set"] == name and row["split"] == "train")
        for place, at in enumerate(mine[::every]):
            row = others.rows[at]
            rows.append({"verdict": "background", "fold": place % FOLDS, "set": name, "group": row["group"], "label": row["label"]})
            source.append((others, at))
    return rows, source


def view(source, generator):
    made = []
    for first in range(0, len(source), 16):
        # Tiles are 320 px, other photos 256 px: both are drawn at 160.
        for squares in dict.fromkeys(each[0] for each in source[first : first + 16]):
            at = [index for which, index in source[first : first + 16] if which is squares]
            photos = turned(squares.planes(at), TILE, generator, area=(0.6, 1.0), degrees=45)
            photos = worse(relit(photos, generator, cast=0.1, light=0.25), generator)
            made.append(photos.round().byte())
    return torch.cat(made).permute(0, 2, 3, 1).contiguous()


def mosaics_of(rows, generator):
    """Rows four by four, all of one fold; the last of a fold begins again from the front."""
    made = []
    for fold in range(FOLDS):
        mine = [at for at, row in enumerate(rows) if row["fold"] == fold]
        shuffled = [mine[at] for at in torch.randperm(len(mine), generator=generator)]
        shuffled += shuffled[: -len(shuffled) % 4]
        made += [shuffled[at : at + 4] for at in range(0, len(shuffled), 4)]
    return made


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("squares")
    arguments.add_argument("out")
    arguments.add_argument("--singles", type=int, default=6)
    arguments.add_argument("--mosaics", type=int, default=6)
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    torch.set_num_threads(2)
    torch.use_deterministic_algorithms(True)
    rows, source = rows_of(Squares(given.squares, "stem"), Squares(given.squares, "leaf"))
    out = Path(given.out)
    out.mkdir(parents=True, exist_ok=True)
    generator = torch.Generator().manual_seed(given.seed)
    mosaics = []
    for each in range(given.singles):
        (out / f"singles-{each}.bin").write_bytes(view(source, generator).numpy().tobytes())
    for each in range(given.mosaics):
        tiles, made = view(source, generator), mosaics_of(rows, generator)
        mosaics.append(made)
        with open(out / f"mosaics-{each}.bin", "wb") as file:
            for four in made:
                top, bottom = (torch.cat([tiles[four[at]], tiles[four[at + 1]]], 1) for at in (0, 2))
                file.write(torch.cat([top, bottom]).numpy().tobytes())
    (out / "rows.json").write_text(json.dumps({"rows": rows, "mosaics": mosaics}))


if __name__ == "__main__":
    main()
