/** One measurement: a JSON line of a bench, which `npm run bench` completes with the machine and the versions. */
export interface Figure {
  readonly bench: string
  readonly what: string
  readonly figure: number
  readonly unit: string
  /** The least that it could be (or the bound that it must keep), in the same unit. */
  readonly floor?: number
  /** What the floor is. */
  readonly floorIs?: string
  /** Ours to the floor. */
  readonly ratio?: number
  readonly [more: string]: unknown
}

export const sayFigure = (figure: Figure): void => console.log(JSON.stringify(figure))
