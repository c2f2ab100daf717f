// Broken rules of the explorer, one each: which transitions are enabled, what they do, and which of them a reduced search may leave
// out. `../mutants.ts` runs the oracle on each.
//
// Rules that others imply are not broken: that a choice by order, and a case at a closed channel, bring all users of the channel (they
// need fewer); that the failing end of a task of a group conflicts with entering the group (only the task that starts its tasks may
// enter then, and it is in the set already); and those about the order of a pipeline's results (its workers use the same two channels).

export interface Mutant {
  /** In src/testing/explore/. */
  readonly file: string;
  readonly what: string;
  /** Stands there once. */
  readonly from: string;
  readonly to: string;
  /** Tests in test/verify/ that run first, for what few random programs use. */
  readonly tests: readonly string[];
}

const of = (
  file: string,
  mutants: readonly (readonly [what: string, from: string, to: string])[],
  tests: readonly string[] = [],
): Mutant[] => mutants.map(([what, from, to]) => ({ file, what, from, to, tests }));

export const MUTANTS: readonly Mutant[] = [
  ...of("semantics/model.ts", [
    [
      "a sleep is over a millisecond early",
      "return this.slept(task) >= argument;",
      "return this.slept(task) + 1 >= argument;",
    ],
    [
      "a timeout is due a millisecond early",
      "return this.timeLeft(target) === 1;",
      "return this.timeLeft(target) <= 2;",
    ],
    [
      "every channel counts as closed for those that wait for its closing",
      "return this.contents.closed(this.contentOf(target));",
      "return this.contentOf(target) >= 0;",
    ],
    [
      "a full buffer takes one more",
      "if (this.contents.length(content) < this.capacity(channel)) return false;",
      "if (this.contents.length(content) <= this.capacity(channel)) return false;",
    ],
    [
      "a receive finds a channel closed while values are stored",
      "if (this.contents.length(content) > 0) return this._add(DEQUEUE",
      "if (this.contents.length(content) > 0 && !this.contents.closed(content)) return this._add(DEQUEUE",
    ],
    [
      "a receive finds a channel closed while sends are committed",
      "if (!this.hasCommitted(channel, task)) this._add(RECEIVE_CLOSED, task, at, -1, 0, channel);",
      "this._add(RECEIVE_CLOSED, task, at, -1, 0, channel);",
    ],
    [
      "a committed send is refused",
      "&& !this.lts.committed(node)?.includes(channel)) {\n      return this._add(SEND_CLOSED",
      ") {\n      return this._add(SEND_CLOSED",
    ],
    ["all senders are parked when a channel closes", "bits >= 0; bits--", "bits >= (1 << senders.length) - 1; bits--"],
    ["no sender is parked when a channel closes", "let bits = (1 << senders.length) - 1;", "let bits = 0;"],
    ["a task meets itself", "if (receiver !== task && !both)", "if (!both)"],
    [
      "a default is taken only if no case is enabled",
      "if (certain === NONE) this._add(INTERNAL, task, at / STRIDE, -1, 0, -1);",
      "if (certain === NONE && this.count === 0) this._add(INTERNAL, task, at / STRIDE, -1, 0, -1);",
    ],
    [
      "time passes although something else can happen",
      "if (this.count === 0) this._addDelay(tasks);",
      "if (this.count === 0 || !this.isAsynchronous) this._addDelay(tasks);",
    ],
    [
      "tasks settle although something else can happen",
      "if (this.count === 0) this._addSettles(tasks);",
      "this._addSettles(tasks);",
    ],
    [
      "time passes until the last sleep is over",
      "least = Math.min(least, cases[at + 2]! - this.slept(task));",
      "least = least === Infinity ? cases[at + 2]! - this.slept(task) : Math.max(least, cases[at + 2]! - this.slept(task));",
    ],
    [
      "a scope is over before its tasks",
      "this.nodeOf(task) !== -1 && !this.isOver(task)) return false;\n    }\n    return true;\n  }\n\n  /** The id of what",
      "this.nodeOf(task) === -2) return false;\n    }\n    return true;\n  }\n\n  /** The id of what",
    ],
    ["an atomic sequence may be interrupted", "if (this.lts.anyAtomic && this._continueAtomic(tasks)) return;", ""],
  ]),
  ...of("semantics/transition.ts", [
    [
      "a dropping buffer drops its oldest value",
      'if (overflow === "drop" || overflow === "keep") return;',
      'if (overflow === "keep") return;',
    ],
    [
      "a promise channel gives its value once",
      'overflow !== "keep") setContent',
      'overflow !== "park!" as never) setContent',
    ],
    ["the cause of a closing is forgotten", "return cause === -1 ? 0 : causeCode(cause);", "return 0;"],
    [
      "a cancelled channel delivers what it holds",
      "setContent(model, channel, model.contents.discard(model.contentOf(channel)));",
      "setContent(model, channel, model.contents.close(model.contentOf(channel), -1));",
    ],
    ["timeouts stand still", "if (left > 1) model.set(component, Math.max(1, left - ms));", ""],
    [
      "sleeps do not add up",
      "model.set(component, Math.min(longest, model.state[component]! + ms));",
      "model.set(component, Math.min(longest, ms));",
    ],
    [
      "a joined failure counts as not joined",
      "model.set(model.ofTask[joined]!, model.lts.withHandledFailure(node) + 1);",
      ";",
    ],
    ["a cell forgets what is written", "model.set(model.ofCell[cell]!, value + 1)", "void value"],
    [
      "a scope that loses a choice goes on",
      "if (model.lts.targetAt(node, at) !== scope) cancelTask(",
      "if (model.lts.targetAt(node, at) === -7) cancelTask(",
    ],
    ["a failure does not cancel the scope", "if (!isEnding(state)) cancelMembers(model, region, error, -1);", ""],
    ["a failure in a scope is reported, too", "handleFailure(model, task);\n    failScope", "failScope"],
    [
      "a cancelled scope whose body is done throws",
      "if (model.lts.status(body) === DONE) return",
      "if (model.lts.status(body) === DONE && reason === -1) return",
    ],
    ["the first failure of several is thrown alone", "failure(failures.map(", "failure(failures.slice(0, 1).map("],
    [
      "a task that is cancelled before it begins begins",
      "if (before === -1) return unfolder.unbegun(task);",
      "if (before === -1) return unfolder.initial(0);",
    ],
  ]),
  ...of("reduction/may-use.ts", [
    ["what a task uses later does not count", "this._spread(node, parent, but);", ""],
    ["what a started task uses does not count", "else this._lead(root, node);", ""],
    [
      "what comes after a repeated round does not count",
      "if (backEdge !== null) this._lead(lts.variantOf(backEdge.node), node);",
      "",
    ],
    [
      "what comes after a pending resumption does not count",
      "if (lts.resumesAt(node) !== -1) this._lead(lts.resumesAt(node), node);",
      "",
    ],
    ["a choice by order does not look at its channels", "if (ordered) this._set(node, READS_CHANNEL, target);", ""],
    [
      "a use that is not the first is never the first",
      "const but = used && this._isBuffered(channel)",
      "const but = this._isBuffered(channel)",
    ],
    ["the end of a task never cancels its scope", "this._set(node, CANCELS_SCOPE, region);", "void region;"],
  ]),
  ...of("reduction/stubborn-sets.ts", [
    ["a closing does not conflict with a send or a receive", "this._addUsers(CLOSES, channel);", ""],
    [
      "who looks at a buffer does not conflict with who fills it",
      "if (capacity > 0) this._addUsers(READS_CHANNEL, channel);",
      "",
    ],
    ["two sends do not conflict", "const uses = can ? end : opposite(end);", "const uses = opposite(end);"],
    ["a disabled case is enabled by its own end", "const uses = can ? end : opposite(end);", "const uses = end;"],
    ["a join does not wait for its task", "(waitsForEnd && !this._model.isOver(about))", "false"],
    ["cancelling conflicts with nothing", "if (cancels || (waitsForEnd", "if ((waitsForEnd"],
    [
      "uses of cells do not conflict",
      "for (const use of conflicts) this._addUsers(use, about);",
      "for (const use of conflicts) if (use !== 5 && use !== 6) this._addUsers(use, about);",
    ],
    [
      "the cancellers of a task do not conflict with it",
      "this._addCancellers(task, node);\n      const turn",
      "const turn",
    ],
    [
      "a set may be closed too early",
      "for (let nth = 1; nth <= rivals[0]!; nth++)",
      "for (let nth = 1; nth < rivals[0]!; nth++)",
    ],
    [
      "the first use of a buffer is any use",
      "this._addUsers(first ? firstUse(uses) : uses, channel);",
      "this._addUsers(firstUse(uses), channel);",
    ],
  ]),
  ...of("search/breadth-first.ts", [
    ["ignored tasks stay ignored", "this._take(id, null);\n      expanded = true;", "expanded = false;"],
    [
      "a choice that was wrong stands",
      "if (this._stubborn?.outdated() !== true) return false;",
      "if (this._stubborn?.outdated() !== true || true) return false;",
    ],
  ]),
  ...of("reduction/canonicalise.ts", [
    ["channels stay where they are", '{ of: model.ofChannel, who: channels, pairs: "channels" },', ""],
    ["sleeps stay where they are", '{ of: model.ofSleep, who: sleepers, pairs: "tasks" },', ""],
    ["tasks are permuted before all have started", "if (!this._isInside(action)) return null;", ""],
    [
      "the nodes of fixed tasks have no images",
      "at < this._rest ? imageOf(action, value) : value",
      "at < this._others ? imageOf(action, value) : value",
    ],
  ]),
  ...of("reduction/automorphism.ts", [
    ["tasks of different scopes change places", "sandbox.tasks[task]!.region !== sandbox.tasks[other]!.region ||", ""],
    [
      "daemons change places with other tasks",
      "isDaemon(tasks[task]!) === isDaemon(tasks[other]!)",
      "isDaemon(tasks[task]!) !== null",
    ],
    ["results do not matter", "return lts.resultId(node) === lts.resultId(image);", "return true;"],
    ["any status will do", "if (lts.status(node) !== lts.status(image) || ", "if ("],
  ]),
  ...of(
    "semantics/model.ts",
    [
      [
        "a task that an atomic sequence shows not to be parked runs in it",
        "if (isAbsent) this.moved.push(task);",
        "void isAbsent;",
      ],
      ["a task that could have gone on alone may have been parked", "this._goesOnAlone(at) ||", ""],
      [
        "a peer that an attempt has missed may have been parked",
        "missed.some(({ kind, channel }) =>",
        "missed.some(({ kind, channel }) => at < 0 &&",
      ],
      [
        "an attempt misses peers of its first case only",
        "(cases[at] !== SEND && cases[at] !== RECEIVE) || this.capacity(channel) > 0) continue;\n      missed",
        "at > 0 || (cases[at] !== SEND && cases[at] !== RECEIVE) || this.capacity(channel) > 0) continue;\n      missed",
      ],
    ],
    ["served"],
  ),
  ...of(
    "semantics/transition.ts",
    [
      ["timeouts never stand still", "component === -1 || still.includes(component) ? 0 :", "component === -1 ? 0 :"],
      ["sleeps never stand still", "if (!still.includes(component)) model.set(", "model.set("],
    ],
    ["rules"],
  ),
  ...of(
    "reduction/may-use.ts",
    [
      ["permits that are released on the way are not released", "this._setLate(node, RELEASES, lock);", ""],
      ["no release is the first use of a lock", "if (lock !== granted) this._setLate(node, FIRST_RELEASES, lock);", ""],
      [
        "a pending request gives nothing back",
        "if (turn !== -1) for (const lock of this._granted(turn)) this._releasesAt(node, lock, -1);",
        "",
      ],
      [
        "a choice by order does not look at the ends of tasks",
        'if (ordered && waitsForEnd && kindTarget === "task") this._set(node, AWAITS_END, target);',
        "",
      ],
      [
        "a choice by order does not look at its locks",
        "if (cases[at] === ACQUIRE && ordered) this._set(node, READS_LOCK, target);",
        "",
      ],
      ["no use of a buffer is its first", "if (this._isBuffered(target)) this._set(node, firstUse(end), target);", ""],
      [
        "what comes after a committed send does not count",
        "if (lts.base(node) !== node) this._lead(lts.base(node), node);",
        "",
      ],
    ],
    ["rules"],
  ),
  ...of(
    "reduction/stubborn-sets.ts",
    [
      [
        "the end of a task does not conflict with a choice that looks at it",
        "if (turn !== -1 && this._model.lts.isEnd(turn)) this._addUsers(AWAITS_END, task);",
        "",
      ],
      [
        "cancelling a scope does not conflict with its tasks",
        "if (region !== -1) this._addUsers(CANCELS_SCOPE, region);",
        "",
      ],
      [
        "starting a task does not come before it",
        "if (sandbox.tasks[task]!.starter !== -1) this._add(sandbox.tasks[task]!.starter);",
        "",
      ],
      ["an end that cancels a scope conflicts with nothing", "if (!ends) return;", "return;"],
      [
        "no task of a group gives its place back",
        "if (cancels || cases[at] === ENTER_GROUP) this._addMembers(about);",
        "if (cancels) this._addMembers(about);",
      ],
      ["the end of a scope does not wait for its tasks", "else if (waitsForEnd) this._addLast(about);", ""],
      ["a look at a lock conflicts with nothing", "this._addUsers(READS_LOCK, lock);", ""],
      ["two requests do not conflict", "? ACQUIRES : FIRST_RELEASES", "? FIRST_RELEASES : FIRST_RELEASES"],
      ["a request is not enabled by a release", "? ACQUIRES : FIRST_RELEASES", "? ACQUIRES : ACQUIRES"],
      [
        "a choice by order conflicts with no use of its locks",
        "for (const use of [ACQUIRES, RELEASES]) this._addUsers(use, lock);",
        "void 0;",
      ],
      ["a sliding buffer is used at one end", ' || overflow !== "park" ||', " ||"],
      ["atomic sequences are reduced", "!lts.anyAtomic &&", ""],
      ["looks at scopes are reduced", "!lts.looksAtScopes &&", ""],
      ["programs with invariants are reduced", "sandbox.invariants.size === 0 &&", ""],
      ["broadcasts are reduced", "sandbox.broadcasts.length === 0 &&", ""],
      ["queues of locks are reduced", "!sandbox.locks.some(({ isQueued }) => isQueued)", "true"],
    ],
    ["rules"],
  ),
  ...of(
    "search/busy-loops.ts",
    [
      [
        "a clock that begins again in each round is due",
        "if ([...running].some((clock) => !begins.has(clock))) loops.push({ stops: component, begins, isClosed });",
        "loops.push({ stops: component, begins: new Set(), isClosed });",
      ],
    ],
    ["rules"],
  ),
  ...of(
    "process/model-pool.ts",
    [
      [
        "what is put back after the end is lent",
        "if (this._closing.value !== null) this._retire(value);\n    else if",
        "if",
      ],
      [
        "what is made after the end is lent",
        "if (this._closing.value === null) this._lend(resource);\n    else this._retire(resource);",
        "this._lend(resource);",
      ],
      [
        "a pool makes a resource more than it may",
        "this._slots.value < this._parts.max",
        "this._slots.value <= this._parts.max",
      ],
      [
        "the oldest idle resource is lent first",
        "this._idle.value = idle.slice(0, -1);\n    return { resource: idle.at(-1) };",
        "this._idle.value = idle.slice(1);\n    return { resource: idle[0] };",
      ],
      ["what is put back passes over requests that wait", "if (!this._give({ resource })) this._keep", "this._keep"],
      [
        "a resource is lent again without validation",
        "return this._parts.validate === undefined ? this._pick() : null;",
        "return this._pick();",
      ],
      ["what is to be validated waits beside requests", "if (this._parts.validate !== undefined) this._changed();", ""],
      ["a resource that is not valid is lent", "resource = isValid ?", "resource = old !== null ?"],
      ["a resource that is not valid is not destroyed", "if (!isValid) yield* this._destroyed(resource);", ""],
      ["a free place starts no maker", "this._slots.value--;\n    this._changed();", "this._slots.value--;"],
      ["requests wait beyond the end", "for (const request of this._waiting.value) request.close();", ""],
      ["the end does not wait for resources", "if (this._slots.value > 0) yield* this._emptied.receive();", ""],
      [
        "idle resources stay after the end",
        "for (const resource of [...this._idle.value].reverse()) this._retire(resource);",
        "",
      ],
      [
        "the error of a maker is lost",
        "if (!this._give({ error })) {",
        "if (!this._give({ error }) && this.size < 0) {",
      ],
      [
        "the last request is served first",
        "const [first, ...others] = this._waiting.value;",
        "const [first, ...others] = [...this._waiting.value].reverse();",
      ],
    ],
    ["rules", "reach"],
  ),
  ...of(
    "semantics/model.ts",
    [
      ["a task that a release would have served may have been parked", "this._wouldBeGranted(task, at, node) ||", ""],
      [
        "a sender that a close has not committed may have been parked",
        "(committed !== null &&",
        "(committed !== null && at < 0 &&",
      ],
      [
        "a task that is served in an atomic sequence runs in it",
        "if (task !== runs) this.set(this.component(this.ofServed, task), 1);",
        "void task;",
      ],
      [
        "a task that was served in an atomic sequence never runs again",
        "if (this._isServed(task)) this.set(this.ofServed[task]!, 0);",
        "void task;",
      ],
      [
        "a call serves a task twice",
        "!this._parks(node) || this._isServed(task)) continue;\n      const before",
        "!this._parks(node)) continue;\n      const before",
      ],
      [
        "a task that was served counts as parked when a channel closes",
        "this.lts.status(node) !== PARKED || this._isServed(task)) continue;\n      if (this._offers(node, SEND",
        "this.lts.status(node) !== PARKED) continue;\n      if (this._offers(node, SEND",
      ],
      [
        "an attempt meets a task that was served",
        "this.lts.isPlainCall(node) || this._isServed(task)) continue;\n      const cases = this.lts.cases(node);\n      for (let at = 0",
        "this.lts.isPlainCall(node)) continue;\n      const cases = this.lts.cases(node);\n      for (let at = 0",
      ],
      ["a peer is never certain", "return this._valueOf(this.ofArrival, task) === 1;", "return false;"],
      [
        "a peer that was parked once is certain for ever",
        "if (arrival !== undefined && arrival !== -1) this.set(arrival, 0);",
        "",
      ],
      [
        "a choice by order does not count on a peer that is parked",
        "if (!ready && !this._isAwaited(task, kind, cases[at + 1]!, cases)) continue;",
        "if (!ready) continue;",
      ],
      [
        "a sender that is parked for certain may be late for a close",
        "if (certain.some(",
        "if (senders.length < 0 && certain.some(",
      ],
      [
        "two plain calls meet",
        "const both = this.lts.isPlainCall(node) && this.lts.isPlainCall(this.nodeOf(receiver));",
        "const both = false;",
      ],
      [
        "a choice with a default is parked",
        "for (let at = 0; at < cases.length; at += STRIDE) if (cases[at] === DEFAULT) return false;\n    return true;",
        "return cases.length > 0;",
      ],
      ["a peer that is certain may be served late", "if (serves || grants) this._dropFirst(calls);", ""],
      [
        "a release grants nothing before the next call",
        "const grants = this._addGranted(node, tasks);",
        "const grants = false;",
      ],
      [
        "a call serves nothing before the next call",
        "const serves = this._addServed(this.lts.served(node), tasks);",
        "const serves = false;",
      ],
      [
        "a release grants nothing to requests that are queued",
        "if (isQueued && isWatched) this._addCase",
        "if (isQueued && !isQueued) this._addCase",
      ],
      [
        "what is tried at a lock waits in its queue",
        "if (cases[at] === DEFAULT || lts.isPlainCall(node)) return (this._queues[node] = []);",
        "",
      ],
    ],
    ["served"],
  ),
  ...of(
    "semantics/model.ts",
    [
      [
        "what waits for a close is released in the order of its choice",
        "if (isLate && !this._isReleasedFirst(kind, cases[at + 1]!, certain)) continue;",
        "if (isLate) continue;",
      ],
      [
        "what waits for a close goes before any case of its channel",
        "const cause = this._isDrained(kind, cases[at + 1]!) ? cases[at + 1]! : SEVERAL;",
        "const cause = cases[at + 1]!;",
      ],
      [
        "a choice by order takes the end of a task with its last event",
        "if (KINDS[kind]!.waitsForEnd) this._assertEndsApart(kind, cases[at + 1]!, cases);",
        "",
      ],
      [
        "a send at a sliding buffer is committed when the channel closes",
        'if (this.channel(channel).overflow !== "park") return senders;',
        "",
      ],
      [
        "a send at a buffer with room is committed when the channel closes",
        "if (capacity > 0 && this.contents.length(this.contentOf(channel)) < capacity) return senders;",
        "",
      ],
    ],
    ["events"],
  ),
  ...of(
    "semantics/model.ts",
    [["time passes only if nothing else can happen", "else if (this.isAsynchronous) this._addUnit(tasks);", ""]],
    ["time"],
  ),
  ...of(
    "semantics/model.ts",
    [
      [
        "callbacks wait for the end of the atomic sequence",
        "if (this.lts.anyUrgent && this._addUrgent(tasks)) return true;",
        "",
      ],
      [
        "results of a pipeline overtake each other",
        "order.channel === channel && this.rank(task) !== 1;",
        "order.channel === channel && this.rank(task) === 0;",
      ],
      ["a place in the order of results stays taken", "other === task ? 0 : rank - 1", "other === task ? 0 : rank"],
    ],
    ["combinators"],
  ),
  ...of(
    "semantics/model.ts",
    [
      [
        "requests with a priority keep their place",
        "if (its > priority || (its === priority && ticket < own)) return true;",
        "if (ticket < own) return true;",
      ],
      [
        "requests of one priority overtake each other",
        "if (its > priority || (its === priority && ticket < own)) return true;",
        "if (its > priority) return true;",
      ],
      [
        "all that queue stand side by side",
        "return last + 1;\n  }\n\n  /** The locks in whose",
        "return 1;\n  }\n\n  /** The locks in whose",
      ],
      ["a latch is counted down below zero", "Math.min(-total, before - n)", "before - n"],
      [
        "a lock lends a permit more than it has",
        "sandbox.requests[request]!.n <= this.lock(lock).total;",
        "sandbox.requests[request]!.n <= this.lock(lock).total + 1;",
      ],
    ],
    ["locks"],
  ),
  ...of(
    "semantics/model.ts",
    [
      [
        "a broadcast does not wait for slow subscriptions",
        "return !this.audience(target).some((channel) => this._isFull(channel, this.contentOf(channel)));",
        "return true;",
      ],
      ["a barrier holds nothing back", "return this.lts.isReleased(this.nodeOf(task));", "return true;"],
      [
        "a group that has ended refuses nothing while its places are taken",
        "isEnding(this.regionStates.at(this.regionState(target))) || this.taken",
        "this.taken",
      ],
      [
        "a group has a place more than it should",
        "this.taken(argument) < this.lock(argument).total",
        "this.taken(argument) <= this.lock(argument).total",
      ],
    ],
    ["reach"],
  ),
  ...of(
    "semantics/transition.ts",
    [
      [
        "the end of a task always belongs to its last event",
        "if (model.task(task).endsApart && model.lts.isEnd(node)) makePending",
        "if (model.lts.isEnd(node) && task < 0) makePending",
      ],
    ],
    ["events"],
  ),
  ...of(
    "semantics/transition.ts",
    [
      [
        "a task that is over cancels itself",
        "return target === task && !isEndingTask(model, task);",
        "return target === task;",
      ],
      ["the cancellation of a scope cancels its caller at once", "if (task !== by) cancelTask(", "cancelTask("],
      [
        "a join that may be taken back leaves the failure unhandled",
        "if (KINDS[lts.kindAt(before, at)]!.joins) handleFailure(model, lts.targetAt(before, at));",
        "",
      ],
      [
        "what was served before a cancellation was not",
        "return unfolder.successor(before, RETURN_AFTER - at, code);",
        "return unfolder.successor(before, RETURN, 0);",
      ],
      [
        "a cancelled channel still delivers committed sends",
        "model.set(model.ofTask[task]!, model.lts.withoutCommittedSend(node, channel) + 1);",
        "",
      ],
    ],
    ["cancelling"],
  ),
  ...of(
    "semantics/transition.ts",
    [
      [
        "what a round makes is free",
        "if (inUse.has(ANYTHING) || inUse.has(model.unfolder.sandbox.placeOf(object)!)) return false;",
        "",
      ],
      [
        "a channel that a round makes holds what was left there",
        'else if (kind === "channel") clear(model, model.ofChannel[index]);',
        "",
      ],
    ],
    ["rounds"],
  ),
  ...of(
    "semantics/transition.ts",
    [
      ["a subscription to what has ended is open", "if (end !== OPEN) setContent(", "if (end < 0) setContent("],
      [
        "a barrier opens before the last task has arrived",
        "if (waiting.length < parties - 1) return;",
        "if (waiting.length < parties - 2) return;",
      ],
      ["a task of a group keeps its place", "if (group !== null) model.take(group.lock, -1);", ""],
      [
        "a signal is aborted only if its scope is cancelled",
        "return isEnding(stateOf(model, region)) || (",
        "return (",
      ],
    ],
    ["reach"],
  ),
  ...of(
    "search/busy-loops.ts",
    [
      [
        "a task that can move in a loop may wait for ever",
        "const isFair = ({ steps }: Stop): boolean => steps.every(({ tasks }) => tasks.every((task) => moving.has(task)));",
        "const isFair = (_: Stop): boolean => true || moving.size > 0;",
      ],
    ],
    ["time"],
  ),
  ...of(
    "semantics/model.ts",
    [
      [
        "a task that can move counts as parked",
        "if (!this.unfolder.sandbox.knowsArrivals || this._canMove(task, node)) continue;",
        "if (!this.unfolder.sandbox.knowsArrivals) continue;",
      ],
    ],
    ["time"],
  ),
  ...of(
    "semantics/transition.ts",
    [
      ["a broadcast forgets the cause of its end", "OVER + 1 + cause);", "OVER);"],
      [
        "the failure of a group is not handled where a task is refused",
        "if (isEnding(stateOf(model, region))) tell(model, region, task);",
        "if (isEnding(stateOf(model, region))) void 0;",
      ],
      [
        "a signal is not aborted when its scope is over",
        "(model.scope(region).group === null && model.allOver(region));\n}\n\n// Groups",
        "false;\n}\n\n// Groups",
      ],
    ],
    ["reach"],
  ),
  ...of(
    "search/busy-loops.ts",
    [["time stands still beside a loop that is left", "isClosed });\n      for", "isClosed: true });\n      for"]],
    ["time"],
  ),
  ...of(
    "reduction/canonicalise.ts",
    [
      [
        "arrivals stay where they are",
        '{ of: model.ofArrival, who: model.unfolder.sandbox.knowsArrivals ? movable : [], pairs: "tasks" },',
        "",
      ],
    ],
    ["events"],
  ),
];
