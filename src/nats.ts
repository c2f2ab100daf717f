/**
 * One bus for many machines: channels, topics, questions, registers and addresses by name.
 *
 * @module millrace/nats
 */

export { NoResponderError } from "./nats/errors.js";
export { type LocalBusOptions, localBus } from "./nats/local-bus.js";
export { type NatsBusOptions, natsBus } from "./nats/nats-bus.js";
export type {
  Acknowledge,
  Bus,
  BusChannel,
  BusChannelOptions,
  BusServeOptions,
  ChannelStats,
  DeadLetter,
  Delivery,
  Hosting,
  HostLease,
  HostOptions,
  Register,
  RegisterOptions,
  Topic,
  TopicFrom,
  TopicOptions,
  TopicSubscription,
} from "./nats/types.js";
