import { join } from 'node:path'
import { sql } from 'kysely'
import { describe, expect, it, onTestFinished } from 'vitest'
import { gatewayMigrations } from '../../gateway/gateway.ts'
import { projectionMigrations } from '../../gateway/projections/migrations.ts'
import { PROJECTION_TABLES } from '../../gateway/projections/tables.ts'
import { migrate, openSqliteStore, type Store } from '../../gateway/store/open-store.ts'
import { temporaryFolder } from './province-store.ts'

/** Each room's steps, by the name before the number: log-1 → log. */
const ROOMS = Map.groupBy(gatewayMigrations, ({ name }) => name.replace(/-\d+$/, ''))

async function open(path = join(temporaryFolder(), 'gateway.db')): Promise<Store> {
  const store = await openSqliteStore(path)
  onTestFinished(() => store.close())
  return store
}

const schema = async ({ db }: Store) =>
  (
    await sql<{ type: string; name: string; sql: string | null }>`
      SELECT type, name, sql FROM sqlite_master ORDER BY type, name`.execute(db)
  ).rows

describe.each([...ROOMS])('the schema of %s', (_, migrations) => {
  it('is made on an empty store, and a second run changes nothing', async () => {
    const store = await open()
    expect(await migrate(store, migrations)).toEqual(migrations.map((migration) => migration.name))
    const made = await schema(store)
    expect(made.length).toBeGreaterThan(1)
    expect(await migrate(store, migrations)).toEqual([])
    expect(await schema(store)).toEqual(made)
  })
})

describe('the whole schema', () => {
  it('has one name a step, so that none is taken for another', () => {
    const names = gatewayMigrations.map((migration) => migration.name)
    expect(new Set(names).size).toBe(names.length)
    for (const name of names) expect(name).toMatch(/^[a-z-]+-\d+$/)
  })

  it('is STRICT and in snake_case', async () => {
    const store = await open()
    await migrate(store, gatewayMigrations)
    const { rows: tables } = await sql<{ name: string; strict: number }>`
      SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite%'`.execute(
      store.db,
    )
    expect(tables.filter((table) => table.strict !== 1)).toEqual([])
    expect(tables.length).toBeGreaterThan(PROJECTION_TABLES.length)
    for (const { name } of tables) {
      const { rows: columns } = await sql<{
        name: string
      }>`SELECT name FROM pragma_table_info(${name})`.execute(store.db)
      for (const each of [name, ...columns.map((column) => column.name)])
        expect(each).toMatch(/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/)
    }
    for (const { type, name } of await schema(store))
      if (type === 'index' && !name.startsWith('sqlite_')) expect(name).toMatch(/^[a-z0-9_]+$/)
  })

  it('knows as projections what the projections room makes, and nothing else', async () => {
    const store = await open()
    await migrate(store, projectionMigrations)
    const tables = (await schema(store)).filter(({ type }) => type === 'table').map(({ name }) => name)
    expect(tables.filter((name) => name !== 'store_migration').sort()).toEqual([...PROJECTION_TABLES].sort())
  })

  it('is made once when two programs start at the same moment', async () => {
    const path = join(temporaryFolder(), 'gateway.db')
    const stores = [await open(path), await open(path)]
    const ran = await Promise.all(stores.map((store) => migrate(store, gatewayMigrations)))
    expect(ran.flat().sort()).toEqual(gatewayMigrations.map((migration) => migration.name).sort())
  })

  it('is left as it was by a step that fails, and made when it is mended', async () => {
    const store = await open()
    const broken = {
      name: 'room-1',
      statements: () => ['CREATE TABLE room (a TEXT) STRICT', 'CREATE NONSENSE'],
    }
    await expect(migrate(store, [broken])).rejects.toThrow()
    expect((await schema(store)).map(({ name }) => name)).not.toContain('room')
    const mended = { name: 'room-1', statements: () => ['CREATE TABLE room (a TEXT) STRICT'] }
    expect(await migrate(store, [mended])).toEqual(['room-1'])
  })
})
