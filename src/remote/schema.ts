// Schemas of what a peer sends, by the interface that libraries of schemas share: https://standardschema.dev

import { shown } from "../structures/errors.js";

/** A schema of any library that follows Standard Schema, such as Zod, Valibot or ArkType. */
export interface StandardSchema<out T> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<T> | Promise<SchemaResult<T>>;
  };
}

/** What a schema says of a value. */
export type SchemaResult<T> =
  | { readonly value: T; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string }[] };

/** Throws unless `schema` is a schema, or is left out. Some libraries make functions. */
export function assertSchema(act: string, schema: unknown): void {
  if (schema === undefined) return;
  const { "~standard": standard } = (schema ?? {}) as Partial<StandardSchema<unknown>>;
  if (typeof standard?.validate !== "function")
    throw new TypeError(`Cannot ${act}: schema must follow Standard Schema (standardschema.dev), got ${shown(schema)}`);
}

/**
 * Returns a value as its schema makes it.
 *
 * @throws TypeError if the value does not fit the schema, or if the schema answers with a promise.
 */
export function validated<T>(schema: StandardSchema<T>, value: unknown, act: string): T {
  const result = schema["~standard"].validate(value);
  if ("then" in result) throw new TypeError(`Cannot ${act}: the schema must answer at once, got a promise`);
  if (result.issues === undefined) return result.value;
  const { issues } = result;
  throw new TypeError(
    `Cannot ${act}: the value does not fit the schema: ${issues.map(({ message }) => message).join("; ")}`,
  );
}
