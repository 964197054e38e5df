"""What the labels of the pack become: the stem screen's four outputs, the leaf model's crops."""

# The order is the order of the outputs.
STEM_OUTPUTS = ("healthy", "spot", "rot_or_canker", "background")
STEM_VERDICTS = {
    "healthy_tissue": "healthy",
    "stem_edge_no_lesion": "healthy",
    "brown_spot": "spot",
    "black_spot": "spot",
    "scab_rough_red": "spot",
    "stem_rot": "rot_or_canker",
    "canker_pale_lesion": "rot_or_canker",
    "background": "background",
    # Of the model's own labels, which agronomists choose from.
    "healthy": "healthy",
    "spot": "spot",
    "rot_or_canker": "rot_or_canker",
}
LEAF_CROPS = ("durian", "coffee", "mango", "chilli")


def leaf_labels(rows, crop):
    """The labels of a crop's leaves, in the order of its outputs; the output after them says "not this crop"."""
    return sorted({row["label"] for row in rows if row["crop"] == crop and row["organ"] == "leaf"})
