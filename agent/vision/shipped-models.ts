import { fileURLToPath } from 'node:url'

/** The models that came with the program: a folder each, with `manifest.json` and `model.onnx`. */
export const SHIPPED_MODELS = fileURLToPath(new URL('../../models', import.meta.url))
