import type { CropModel } from '../model.ts'
import { HUTTON, SMITH } from './blight-models.ts'
import { DRAGON_FRUIT_CANKER } from './canker-models.ts'
import { GRAPE_DOWNY, GRAPE_POWDERY } from './grape-models.ts'
import { GLOMERELLA, MAGAREY, MAGAREY_EVENTS, MAGAREY_WETNESS } from './infection-models.ts'
import { EPIRICE } from './rice-model.ts'
import { TOMCAST, WALLIN } from './severity-models.ts'
import { LEAF_WETNESS, LEAF_WETNESS_DAILY } from './wetness-models.ts'

/** Wet leaves and infection, in the order of `compute --list`; the hourly form of a daily model has a name too. */
export const DISEASE_MODELS: readonly CropModel[] = [
  LEAF_WETNESS,
  LEAF_WETNESS_DAILY,
  MAGAREY,
  MAGAREY_EVENTS,
  MAGAREY_WETNESS,
  DRAGON_FRUIT_CANKER,
  GLOMERELLA,
  EPIRICE,
  GRAPE_DOWNY,
  GRAPE_POWDERY,
  TOMCAST,
  WALLIN,
  SMITH,
  HUTTON,
].flatMap((model) => (model.fromHours ? [model, model.fromHours] : [model]))
