"""Five folds of the stem tiles: every group lies in one, and every fold has some of each verdict."""
from collections import Counter, defaultdict

from verdicts import STEM_VERDICTS

FOLDS = 5


def folds_of(rows):
    """{group: fold}. Groups with the rarest verdicts are dealt first, each to the fold that has least of what it brings."""
    groups = defaultdict(Counter)
    for row in rows:
        groups[row["group"]][STEM_VERDICTS[row["label"]]] += 1
    total = sum(groups.values(), Counter())

    def worth(counts):
        return sum(counts[kind] / total[kind] for kind in counts)

    held = [Counter() for _ in range(FOLDS)]
    dealt = {}
    for group in sorted(groups, key=lambda each: (-worth(groups[each]), each)):
        counts = groups[group]

        def crowding(fold):
            return sum(((held[fold][kind] + counts[kind]) / total[kind]) ** 2 for kind in total)

        chosen = min(range(FOLDS), key=lambda fold: (crowding(fold) - sum((held[fold][kind] / total[kind]) ** 2 for kind in total), fold))
        held[chosen] += counts
        dealt[group] = chosen
    return dealt
