/** Tables as Kysely sees them: statements are raw SQL that both engines speak, typed where their rows are read. */
export type Schema = Record<string, Record<string, unknown>>;
