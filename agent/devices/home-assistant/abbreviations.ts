import { isObject, type JsonObject } from '../bounded-json.ts'

/** The short names that discovery messages may use (https://www.home-assistant.io/integrations/mqtt/), those we read. */
const SHORT: Readonly<Record<string, string>> = {
  stat_t: 'state_topic',
  unit_of_meas: 'unit_of_measurement',
  dev_cla: 'device_class',
  val_tpl: 'value_template',
  stat_val_tpl: 'state_value_template',
  avty: 'availability',
  avty_t: 'availability_topic',
  avty_tpl: 'availability_template',
  pl_avail: 'payload_available',
  pl_not_avail: 'payload_not_available',
  pl_on: 'payload_on',
  pl_off: 'payload_off',
  stat_on: 'state_on',
  stat_off: 'state_off',
  dev: 'device',
  cmps: 'components',
  p: 'platform',
  uniq_id: 'unique_id',
  obj_id: 'object_id',
  def_ent_id: 'default_entity_id',
  ent_cat: 'entity_category',
  t: 'topic',
}

const SHORT_DEVICE: Readonly<Record<string, string>> = {
  ids: 'identifiers',
  mf: 'manufacturer',
  mdl: 'model',
}

/** With every name written out and `~` replaced by the base topic. */
export function writtenOut(config: JsonObject): JsonObject {
  const base = typeof config['~'] === 'string' ? config['~'] : undefined
  const written = longNames(config, SHORT)
  const device = written['device']
  if (isObject(device)) written['device'] = longNames(device, SHORT_DEVICE)
  const availability = written['availability']
  if (Array.isArray(availability))
    written['availability'] = availability
      .slice(0, MAX_AVAILABILITIES)
      .map((each: unknown) => (isObject(each) ? withBase(longNames(each, SHORT), base) : each))
  else if (isObject(availability)) written['availability'] = withBase(longNames(availability, SHORT), base)
  return withBase(written, base)
}

const MAX_AVAILABILITIES = 10

function longNames(object: JsonObject, names: Readonly<Record<string, string>>): Record<string, unknown> {
  const written: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(object))
    written[Object.hasOwn(names, key) ? names[key]! : key] ??= value
  return written
}

/** `~` stands for the base at the beginning or the end of a topic. */
function withBase(object: Record<string, unknown>, base: string | undefined): Record<string, unknown> {
  if (base === undefined) return object
  for (const [key, value] of Object.entries(object)) {
    if (typeof value !== 'string' || !/(?:^|_)topic$/.test(key)) continue
    if (value.startsWith('~')) object[key] = base + value.slice(1)
    else if (value.endsWith('~')) object[key] = value.slice(0, -1) + base
  }
  return object
}
