"""The photos that `pixels.ts` decoded: rows of the pack's manifest, and their pixels as one memory map."""
import json
from pathlib import Path

import numpy as np
import torch


class Squares:
    """`rows`: dictionaries; `pixels`: (n, side, side, 3) uint8."""

    def __init__(self, folder, name):
        listed = json.loads(Path(folder, f"{name}.json").read_text())
        self.rows, self.side = listed["photos"], listed["sidePx"]
        shape = (len(self.rows), self.side, self.side, 3)
        self.pixels = np.memmap(Path(folder, f"{name}.bin"), dtype=np.uint8, mode="r", shape=shape)

    def where(self, test):
        return [at for at, row in enumerate(self.rows) if test(row)]

    def planes(self, at):
        """(n, 3, side, side), float, 0..255."""
        return torch.from_numpy(self.pixels[at].copy()).permute(0, 3, 1, 2).float()
