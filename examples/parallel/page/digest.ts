/** What the worker says of a file. */
export interface Digest {
  readonly at: number;
  readonly bytes: number;
  readonly packed: number;
  readonly hash: string;
}
