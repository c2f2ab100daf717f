// For examples/autocomplete, which searches the same features.
export { type Feature, readFeatures } from "./services/features.ts";
