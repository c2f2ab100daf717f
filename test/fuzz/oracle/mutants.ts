export interface Mutant { readonly file: string; readonly what: string; readonly from: string; readonly to: string }
export const MUTANTS: readonly Mutant[] = [];
