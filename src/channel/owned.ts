// Which channels were made by combinators. Nobody can send into them but the combinator, so whoever reads one owns it, and
// releases it on leaving early. A channel that the user created may have other readers, and is left alone. The record is
// kept beside the channels, not in them: a field that only some of them have would make every send slower.

const made: WeakSet<object> = /* @__PURE__ */ new WeakSet();

/** Records that a combinator made a channel. */
export function own<C extends object>(channel: C): C {
  made.add(channel);
  return channel;
}

/** Whether a combinator made it. */
export function isOwned(channel: object): boolean {
  return made.has(channel);
}
