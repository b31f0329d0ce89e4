/** The shapes of API v3 objects inside a world. Links are not in them: they carry the server's address. */

export interface VtDescriptor {
  readonly type: string;
  readonly id: string;
  readonly context_attributes?: Readonly<Record<string, unknown>>;
}

export interface VtBody extends VtDescriptor {
  readonly attributes: Readonly<Record<string, unknown>>;
}

export const DAY = 86_400;
