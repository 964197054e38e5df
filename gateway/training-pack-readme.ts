/** What stands beside an exported pack, for whoever gets the folder without the program. */
export const packReadme = (): string => `# Photos that agronomists have judged

Exported by \`vuon-gateway findings export\`. The photos belong to the farms that took them (column \`licence\`): training
needs their consent, and nothing here may be passed on. A photo that is erased at the province leaves this folder with the
next export.

- \`manifest.csv\`: a row a photo; file, set, crop, organ, label, label_en, label_vi, group, split, width, height,
  source_repo (the box), source_commit (the finding), licence. Labels are those of the model's own table: what it said
  and a person confirmed, or what a person said instead.
- **group**: one farm's photos of one day; the photos of one plant stand with the day of the first. **split**: by the
  group's hash, 15 % val, always the same, so that a group is never on both sides, whatever is exported together.
- \`others.csv\`: the same columns for photos that show none of the model's labels (\`other_…\`: the person's own words) or not
  that plant. Training does not read it: one photo is no label. Sort it, then move rows into a manifest.
- \`regions.jsonl\`: where people drew, a line a photo: \`file\`, \`widthPx\`, \`heightPx\`, \`regions\`: a list of
  \`{"shape": "box", "points": [[x, y], [x, y]]}\` (two opposite corners) or \`{"shape": "polygon", "points": [[x, y], …]}\`;
  x and y are shares of the width and height, 0 to 1 from the top left.
  From stems of dragon fruit the screen learns there and nowhere else: a photo on which nobody drew teaches it nothing.

\`node models/training/train.ts --photos PACK --photos THIS_FOLDER --backbones FOLDER\`
`
