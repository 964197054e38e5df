/** Probabilities from logits, made softer (above 1) or harder by the temperature that calibration found. */
export function softmax(logits: readonly number[], temperature: number): number[] {
  const most = Math.max(...logits)
  const powers = logits.map((each) => Math.exp((each - most) / temperature))
  const sum = powers.reduce((total, each) => total + each, 0)
  return powers.map((each) => each / sum)
}
