import type { PackPhoto } from './photo-pack.ts'
import type { STEM_OUTPUTS } from './stem-figures.ts'

/** Of the pack's labels, and of the model's own, which agronomists choose from; as verdicts.py has them. */
export const STEM_VERDICTS: Readonly<Record<string, (typeof STEM_OUTPUTS)[number]>> = {
  healthy_tissue: 'healthy',
  stem_edge_no_lesion: 'healthy',
  brown_spot: 'spot',
  black_spot: 'spot',
  scab_rough_red: 'spot',
  stem_rot: 'rot_or_canker',
  canker_pale_lesion: 'rot_or_canker',
  background: 'background',
  healthy: 'healthy',
  spot: 'spot',
  rot_or_canker: 'rot_or_canker',
}

export const isStem = ({ crop, organ }: PackPhoto): boolean => crop === 'dragon fruit' && organ === 'stem'
