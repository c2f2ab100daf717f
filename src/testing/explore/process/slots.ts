// Names of what tasks make. A slot is one name: all objects that one task makes at one point of its history. A round of a loop
// that repeats an earlier round makes its objects anew under the same names, so the number of names stays finite. Where the object
// of the earlier round is still in use, the new object is one more generation of the slot.

import type { BroadcastModel } from "./model-broadcast.js";
import type { LockModel } from "./model-locks.js";
import type { CellModel, ChannelModel, TaskModel, TimeoutModel } from "./model-objects.js";
import type { RegionModel } from "./model-scopes.js";

export type ModelObject =
  | TaskModel<unknown>
  | ChannelModel<unknown>
  | TimeoutModel
  | CellModel<unknown>
  | RegionModel
  | LockModel
  | BroadcastModel;

export interface Slot {
  /** The objects of the slot so far, by generation. */
  readonly objects: ModelObject[];
}
