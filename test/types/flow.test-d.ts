import { EventEmitter } from "node:events";
import type { Readable } from "node:stream";
import {
  type Channel,
  channel,
  combineLatest,
  concat,
  type Events,
  from,
  fromEvent,
  merge,
  nextEvent,
  type Operation,
  type OwnedChannel,
  type Part,
  partition,
  pipe,
  type ReceiveChannel,
  race,
  sliding,
  split,
  type Task,
  toReadableStream,
  toWritableStream,
  zip,
} from "millrace";
import { fromReadable, lines } from "millrace/node";
import type { Observable, Subject } from "rxjs";
import { expectTypeOf, test } from "vitest";

const numbers: Channel<number> = channel<number>();
const words: ReceiveChannel<string> = channel<string>();

test("merge: of a list the union, of a record a union discriminated by key", () => {
  expectTypeOf(merge([numbers])).toEqualTypeOf<OwnedChannel<number>>();
  expectTypeOf(merge<number | string>([numbers, words])).toEqualTypeOf<OwnedChannel<number | string>>();
  expectTypeOf(merge({ numbers, words })).toEqualTypeOf<
    OwnedChannel<
      { readonly key: "numbers"; readonly value: number } | { readonly key: "words"; readonly value: string }
    >
  >();
  const merged = merge({ numbers, words }).tryReceive();
  if (typeof merged === "object" && merged.key === "words") expectTypeOf(merged.value).toEqualTypeOf<string>();
  expectTypeOf(merge([[1]])).toEqualTypeOf<OwnedChannel<number>>();
  // @ts-expect-error a number is no source
  merge([1]);
});

test("zip and combineLatest: tuples", () => {
  expectTypeOf(zip([numbers, words], { own: true })).toEqualTypeOf<OwnedChannel<[number, string]>>();
  expectTypeOf(zip([numbers, words])).toEqualTypeOf<OwnedChannel<[number, string]>>();
  expectTypeOf(zip(new Set([numbers]))).toEqualTypeOf<OwnedChannel<number[]>>();
  expectTypeOf(zip([numbers])).toEqualTypeOf<OwnedChannel<[number]>>();
  zip([numbers, words], { onUndelivered: (value) => expectTypeOf(value).toEqualTypeOf<number | string>() });
  expectTypeOf(combineLatest([numbers, words])).toEqualTypeOf<OwnedChannel<[number, string]>>();
  expectTypeOf(combineLatest([numbers, words], { own: true })).toEqualTypeOf<OwnedChannel<[number, string]>>();
  expectTypeOf(combineLatest({ numbers, words })).toEqualTypeOf<OwnedChannel<{ numbers: number; words: string }>>();
  const many: Channel<number>[] = [];
  expectTypeOf(zip(many)).toEqualTypeOf<OwnedChannel<number[]>>();
  expectTypeOf(combineLatest(many)).toEqualTypeOf<OwnedChannel<number[]>>();
  expectTypeOf(zip([numbers, ["a"]])).toEqualTypeOf<OwnedChannel<[number, string]>>();
  // @ts-expect-error nor a record, to zip
  zip({ numbers });
});

test("concat and race: of one type, or of a union that is named", () => {
  expectTypeOf(concat([numbers, numbers])).toEqualTypeOf<OwnedChannel<number>>();
  expectTypeOf(concat<number | string>([numbers, words])).toEqualTypeOf<OwnedChannel<number | string>>();
  expectTypeOf(race([numbers, numbers], { own: true })).toEqualTypeOf<OwnedChannel<number>>();
  expectTypeOf(race([numbers, [1]])).toEqualTypeOf<OwnedChannel<number>>();
});

test("pipe: what goes in must fit", () => {
  expectTypeOf(pipe(numbers, channel<number | string>())).toEqualTypeOf<Task<void>>();
  // @ts-expect-error numbers do not fit into a channel of strings
  pipe(numbers, channel<string>());
});

test("split: a type guard types both sides", () => {
  const mixed = channel<number | string>();
  expectTypeOf(split(mixed, (value): value is string => typeof value === "string")).toEqualTypeOf<
    [yes: OwnedChannel<string>, no: OwnedChannel<number>]
  >();
  expectTypeOf(split(mixed, (value) => typeof value === "string")).toEqualTypeOf<
    [yes: OwnedChannel<string>, no: OwnedChannel<number>]
  >();
  expectTypeOf(split(numbers, (n) => n > 1)).toEqualTypeOf<[yes: OwnedChannel<number>, no: OwnedChannel<number>]>();
  split(numbers, (n) => n > 1, {
    capacity: [sliding<number>(1), 2],
    onUndelivered: (n) => expectTypeOf(n).toEqualTypeOf<number>(),
  });
  // @ts-expect-error the test is given numbers
  split(numbers, (word: string) => word === "");
});

test("partition: keys and values", () => {
  expectTypeOf(partition(words, (word) => word.length)).toEqualTypeOf<OwnedChannel<Part<number, string>>>();
  partition(words, (word) => word.length, {
    capacity: (key) => {
      expectTypeOf(key).toEqualTypeOf<number>();
      return sliding<string>(1);
    },
  });
});

test("from: what the source holds", () => {
  expectTypeOf(from([1, 2])).toEqualTypeOf<OwnedChannel<number>>();
  expectTypeOf(from("abc")).toEqualTypeOf<OwnedChannel<string>>();
  expectTypeOf(from(new Map([["a", 1]]))).toEqualTypeOf<OwnedChannel<[string, number]>>();
  expectTypeOf(from({} as AsyncGenerator<Date>)).toEqualTypeOf<OwnedChannel<Date>>();
  expectTypeOf(from({} as ReadableStream<Date>)).toEqualTypeOf<OwnedChannel<Date>>();
  expectTypeOf(from({} as Observable<Date>)).toEqualTypeOf<OwnedChannel<Date>>();
  expectTypeOf(from({} as Subject<Date>)).toEqualTypeOf<OwnedChannel<Date>>();
  const plain = {
    subscribe:
      (observer: { next(value: number): void }): (() => void) =>
      () =>
        observer.next(1),
  };
  expectTypeOf(from(plain)).toEqualTypeOf<OwnedChannel<number>>();
  expectTypeOf(from(words)).toEqualTypeOf<OwnedChannel<string>>();
  // @ts-expect-error a number holds nothing
  from(5);
});

test("fromEvent: events by the handlers of the target, arguments of an emitter", () => {
  expectTypeOf(fromEvent({} as HTMLElement, "click")).toEqualTypeOf<Events<PointerEvent>>();
  expectTypeOf(fromEvent({} as HTMLInputElement, "keydown")).toEqualTypeOf<Events<KeyboardEvent>>();
  expectTypeOf(fromEvent({} as Window, "resize")).toEqualTypeOf<Events<UIEvent>>();
  expectTypeOf(fromEvent({} as WebSocket, "message")).toEqualTypeOf<Events<MessageEvent>>();
  expectTypeOf(fromEvent({} as AbortSignal, "abort")).toEqualTypeOf<Events<Event>>();
  expectTypeOf(fromEvent(new EventTarget(), "anything")).toEqualTypeOf<Events<Event>>();
  expectTypeOf(fromEvent({} as HTMLElement, "my-own")).toEqualTypeOf<Events<Event>>();
  expectTypeOf(fromEvent<CustomEvent<number>>(new EventTarget(), "count")).toEqualTypeOf<Events<CustomEvent<number>>>();
  expectTypeOf(fromEvent(new EventEmitter(), "line")).toEqualTypeOf<Events<unknown[]>>();
  expectTypeOf(fromEvent<[line: string]>(new EventEmitter(), "line")).toEqualTypeOf<Events<[line: string]>>();
  expectTypeOf(fromEvent({} as Readable, "data")).toEqualTypeOf<Events<unknown[]>>();
  expectTypeOf(from({} as HTMLElement, "click", { buffer: sliding(1) })).toEqualTypeOf<Events<PointerEvent>>();
  fromEvent({} as HTMLElement, "click", {
    buffer: sliding(1),
    onUndelivered: (event) => expectTypeOf(event).toEqualTypeOf<PointerEvent>(),
  });
  expectTypeOf(fromEvent({} as HTMLElement, "click")).toExtend<ReceiveChannel<PointerEvent> & Disposable>();
  // @ts-expect-error neither a target nor an emitter
  fromEvent({}, "click");
});

test("fromEvent and nextEvent of several types: a union that type discriminates", () => {
  const pointer = fromEvent({} as HTMLElement, ["mousedown", "keydown"], { until: "blur" });
  const event = pointer.tryReceive();
  if (typeof event === "object") {
    expectTypeOf(event.type).toEqualTypeOf<"mousedown" | "keydown">();
    if (event.type === "keydown") expectTypeOf(event.key).toEqualTypeOf<string>();
    else expectTypeOf(event.clientX).toEqualTypeOf<number>();
  }
  expectTypeOf(fromEvent<CustomEvent<number>>(new EventTarget(), ["a", "b"])).toEqualTypeOf<
    Events<CustomEvent<number>>
  >();
  expectTypeOf(fromEvent(new EventEmitter(), ["a", "b"])).toExtend<
    Events<{ readonly type: string | symbol; readonly args: unknown[] }>
  >();
  type Lines = { line: [text: string]; pause: [] };
  type Line = { readonly type: "line"; readonly args: [text: string] };
  type Pause = { readonly type: "pause"; readonly args: [] };
  expectTypeOf(fromEvent<Lines>(new EventEmitter(), ["line", "pause"])).toEqualTypeOf<Events<Line | Pause>>();
  expectTypeOf(from({} as HTMLElement, ["mouseup"]).tryReceive()).toExtend<MouseEvent | symbol>();

  expectTypeOf(nextEvent({} as HTMLElement, "click")).toEqualTypeOf<Operation<PointerEvent>>();
  expectTypeOf(nextEvent({} as HTMLElement, ["click"])).toExtend<
    Operation<PointerEvent & { readonly type: "click" }>
  >();
  expectTypeOf(nextEvent<CustomEvent<number>>(new EventTarget(), "a")).toEqualTypeOf<Operation<CustomEvent<number>>>();
  expectTypeOf(nextEvent<[text: string]>(new EventEmitter(), "line", { error: "error" })).toEqualTypeOf<
    Operation<[text: string]>
  >();
  expectTypeOf(nextEvent<Lines>(new EventEmitter(), ["line", "pause"])).toEqualTypeOf<Operation<Line | Pause>>();
  // @ts-expect-error neither a target nor an emitter
  nextEvent({}, "click");
  // @ts-expect-error not a type that the map names
  fromEvent<Lines>(new EventEmitter(), ["resume"]);
});

test("streams carry what the channel does", () => {
  expectTypeOf(toReadableStream(words)).toEqualTypeOf<ReadableStream<string>>();
  expectTypeOf(toWritableStream(numbers)).toEqualTypeOf<WritableStream<number>>();
  expectTypeOf(fromReadable({} as Readable)).toEqualTypeOf<OwnedChannel<Uint8Array>>();
  expectTypeOf(fromReadable<string>({} as Readable)).toEqualTypeOf<OwnedChannel<string>>();
  expectTypeOf(lines({} as Readable)).toEqualTypeOf<OwnedChannel<string>>();
});
