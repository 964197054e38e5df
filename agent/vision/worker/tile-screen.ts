import { BACKGROUND, HEALTHY, type ModelHead } from './model-manifest.ts'
import type { Look } from './photo-model.ts'
import { softmax } from './softmax.ts'

/** The answer of a tile classifier all over a photo: a plane of `rows` × `columns` logits for each label. */
export interface TilePlanes {
  readonly rows: number
  readonly columns: number
  readonly logits: Float32Array
}

type TileHead = Extract<ModelHead, { kind: 'tiles' }>

/**
 * What the tiles say of the photo together, by the rule of the manifest (`models/training/stem-run.ts` judges by the
 * same): too little plant is refused; as many lesion tiles as the manifest wants are a verdict, of the kind that most of
 * them have; else healthy. A photo's probability of lesion is the mean over as many tiles as a verdict takes, of those
 * that look worst, given that they are plant: calibrated a tile, not a photo.
 */
export function screenOf(planes: TilePlanes, head: TileHead, tileCells: number): Look {
  const tiles = tilesOf(planes, head)
  const plant = tiles.filter(({ isPlant }) => isPlant)
  const lesions = plant.filter(({ kind }) => kind !== null)
  const heat = heatOf(planes, tiles, tileCells)
  const kinds = head.labels.map(({ key }) => key).filter((key) => key !== HEALTHY && key !== BACKGROUND)
  const needed = Math.max(1, Math.min(head.lesionCellsFrom, plant.length))
  const worst = plant.toSorted((a, b) => b.lesion - a.lesion).slice(0, needed)
  const lesion = mean(worst.map((tile) => tile.lesion))
  const judged = lesions.length > 0 ? lesions : worst
  const masses = kinds.map((key) => mean(judged.map(({ ofKind }) => ofKind[key] ?? 0)))
  const mass = masses.reduce((sum, each) => sum + each, 0)
  const labels = [
    { label: HEALTHY, probability: 1 - lesion },
    ...kinds.map((label, at) => ({
      label,
      probability: mass > 0 ? (lesion * (masses[at] as number)) / mass : 0,
    })),
  ]
    .map(({ label, probability }) => ({ label, probability: rounded(probability) }))
    .toSorted((a, b) => b.probability - a.probability)
  if (plant.length < head.plantShareFrom * tiles.length || plant.length === 0) {
    const isFar = tiles.filter(({ isSurelyPlant }) => isSurelyPlant).length >= FAR_FROM_TILES
    const abstained = isFar ? 'too-far' : 'not-this-plant'
    return { verdict: null, abstained, labels, lesionShare: null, heat: null }
  }
  const verdict = lesions.length < needed ? HEALTHY : mostOf(kinds, lesions)
  const probability = labels.find(({ label }) => label === verdict)?.probability ?? 0
  const isSure = probability >= head.answerFrom
  return {
    verdict: isSure ? verdict : null,
    abstained: isSure ? null : 'uncertain',
    labels,
    lesionShare: rounded(lesions.length / plant.length),
    heat,
  }
}

// There is a stem, and it is too small in the photo. Stems at 0.4 of their size before plain soil are told so in nine
// of fifteen photos, at 0.3 in four; of twenty-five pictures put together of other crops' leaves three are, wrongly.
const FAR_FROM_TILES = 2
const SURELY_PLANT = 0.1

interface Tile {
  readonly isPlant: boolean
  readonly isSurelyPlant: boolean
  /** The label of a lesion tile; null for one that is none. */
  readonly kind: string | null
  /** Probability of lesion, and of each kind of it, given that the tile is plant. */
  readonly lesion: number
  readonly ofKind: Readonly<Record<string, number>>
}

function tilesOf({ rows, columns, logits }: TilePlanes, head: TileHead): Tile[] {
  const count = rows * columns
  const keys = head.labels.map(({ key }) => key)
  return Array.from({ length: count }, (_, tile) => {
    const shares = softmax(
      keys.map((_key, at) => logits[at * count + tile] as number),
      head.temperature,
    )
    const background = shares[keys.indexOf(BACKGROUND)] as number
    const plant = Math.max(1 - background, 1e-6)
    const isPlant = background < head.backgroundFrom
    let [lesion, most, kind] = [0, -1, '']
    const ofKind: Record<string, number> = {}
    for (const [at, key] of keys.entries()) {
      if (key === HEALTHY || key === BACKGROUND) continue
      const share = shares[at] as number
      lesion += share
      ofKind[key] = share / plant
      if (share > most) [most, kind] = [share, key]
    }
    return {
      isPlant,
      isSurelyPlant: background < SURELY_PLANT,
      kind: isPlant && lesion >= head.lesionFrom ? kind : null,
      lesion: lesion / plant,
      ofKind,
    }
  })
}

/** The kind of most lesion tiles; of two that have as many, the first in the manifest. */
function mostOf(kinds: readonly string[], lesions: readonly Tile[]): string | null {
  const counts = kinds.map((key) => lesions.filter(({ kind }) => kind === key).length)
  return kinds[counts.indexOf(Math.max(...counts))] ?? null
}

/** For every cell of the photo the mean probability of lesion of the tiles that it belongs to, 0..255. */
function heatOf({ rows, columns }: TilePlanes, tiles: readonly Tile[], tileCells: number): Look['heat'] {
  const across = columns + tileCells - 1
  const down = rows + tileCells - 1
  const values = Array.from({ length: across * down }, (_, cell) => {
    const [y, x] = [Math.floor(cell / across), cell % across]
    let [sum, count] = [0, 0]
    for (let row = Math.max(0, y - tileCells + 1); row <= Math.min(rows - 1, y); row++)
      for (let column = Math.max(0, x - tileCells + 1); column <= Math.min(columns - 1, x); column++) {
        const tile = tiles[row * columns + column] as Tile
        sum += tile.isPlant ? tile.lesion : 0
        count++
      }
    return Math.round((255 * sum) / count)
  })
  return { rows: down, columns: across, values }
}

const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, each) => sum + each, 0) / values.length

const rounded = (value: number): number => Number(Math.min(1, Math.max(0, value)).toFixed(4))
