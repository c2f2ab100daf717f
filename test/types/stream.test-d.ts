import {
  batch,
  buffer,
  channel,
  debounce,
  delay,
  type Operation,
  type OwnedChannel,
  type ReceiveChannel,
  type Routine,
  type Stream,
  sample,
  sliding,
  stream,
  type Task,
  throttle,
} from "millrace";
import {
  compose,
  dedupe,
  interpose,
  keep,
  map,
  type Transducer,
  take,
  takeNth,
  tap,
  window,
} from "millrace/transducers";
import { expectTypeOf, test } from "vitest";

interface Circle {
  readonly kind: "circle";
  readonly radius: number;
}
interface Square {
  readonly kind: "square";
  readonly side: number;
}
type Shape = Circle | Square;
const isCircle = (shape: Shape): shape is Circle => shape.kind === "circle";

test("stream() infers what its source yields", () => {
  expectTypeOf(stream(channel<number>())).toEqualTypeOf<Stream<number>>();
  expectTypeOf(stream(["a"])).toEqualTypeOf<Stream<string>>();
  expectTypeOf(stream(new Map<string, Date>())).toEqualTypeOf<Stream<[string, Date]>>();
  expectTypeOf(
    stream(
      (async function* () {
        yield 1;
      })(),
    ),
  ).toEqualTypeOf<Stream<number>>();
  expectTypeOf(stream(new ReadableStream<Uint8Array>())).toEqualTypeOf<Stream<Uint8Array>>();
  expectTypeOf(stream({} as ReceiveChannel<Shape>)).toEqualTypeOf<Stream<Shape>>();
  // @ts-expect-error a number is no source
  stream(5);
});

test("each step infers from the one before, without annotations", () => {
  const chain = stream({} as ReceiveChannel<Shape>)
    .filter(isCircle)
    .map((circle) => circle.radius)
    .filter((radius) => radius > 1)
    .dedupe((radius) => Math.round(radius))
    .tap((radius) => expectTypeOf(radius).toEqualTypeOf<number>())
    .scan((sums: number[], radius) => [...sums, radius], [])
    .flatMap((sums) => sums.map((sum) => ({ sum })))
    .drop(1)
    .dropWhile(({ sum }) => sum < 2)
    .distinct(({ sum }) => sum)
    .take(10)
    .takeWhile(({ sum }) => sum < 100)
    .batch(10, 50)
    .batch(2)
    .window(3)
    .debounce(5)
    .throttle(5, { leading: false })
    .sample(channel<void>())
    .delay(5)
    .buffer(sliding(1))
    .pipeline(4, async (groups) => groups)
    .pipeline(4, function* (groups) {
      yield* channel<number>().send(1);
      return groups;
    });
  expectTypeOf(chain).toEqualTypeOf<Stream<{ sum: number }[][][]>>();
  expectTypeOf(stream([1]).scan((sum, n) => sum + n, 0)).toEqualTypeOf<Stream<number>>();
  expectTypeOf(stream([1, "a"]).filter((value) => typeof value === "string")).toEqualTypeOf<Stream<string>>();
  expectTypeOf(stream([1]).merge(channel<string>(), channel<Date>())).toEqualTypeOf<Stream<number | string | Date>>();
  expectTypeOf(
    stream([1]).through(
      compose(
        map((n: number) => `${n}`),
        take(2),
      ),
    ),
  ).toEqualTypeOf<Stream<string>>();
  // @ts-expect-error a transducer of strings takes no numbers
  stream([1]).through(map((word: string) => word.length));
  // @ts-expect-error the buffer is of what comes
  stream([1]).buffer(sliding<string>(1));
});

test("endings", () => {
  const numbers = stream([1]);
  expectTypeOf(numbers.channel()).toEqualTypeOf<OwnedChannel<number>>();
  expectTypeOf(numbers.collect()).toEqualTypeOf<Operation<number[]>>();
  expectTypeOf(numbers.reduce((text, n) => text + n, "")).toEqualTypeOf<Operation<string>>();
  expectTypeOf(numbers.to(channel<number>())).toEqualTypeOf<Task<void>>();
  expectTypeOf(numbers.forEach((n) => void expectTypeOf(n).toEqualTypeOf<number>())).toEqualTypeOf<Operation<void>>();
  numbers.forEach(async (n) => void n);
  numbers.forEach(function* (n): Routine<void> {
    yield* channel<number>().send(n);
  });
  numbers.to(channel<number | string>());
  // @ts-expect-error that channel takes no numbers
  numbers.to(channel<string>());
  expectTypeOf(async () => {
    for await (const n of numbers) expectTypeOf(n).toEqualTypeOf<number>();
  }).returns.toEqualTypeOf<Promise<void>>();
});

test("a stream is covariant", () => {
  expectTypeOf<Stream<Circle>>().toExtend<Stream<Shape>>();
  expectTypeOf<Stream<Shape>>().not.toExtend<Stream<Circle>>();
});

test("the functions that keep time infer what comes", () => {
  const numbers = {} as ReceiveChannel<number>;
  expectTypeOf(batch(numbers, 2, 5)).toEqualTypeOf<OwnedChannel<number[]>>();
  for (const timed of [debounce(numbers, 1), throttle(numbers, 1), sample(numbers, 1), delay(numbers, 1)]) {
    expectTypeOf(timed).toEqualTypeOf<OwnedChannel<number>>();
  }
  expectTypeOf(buffer(numbers, 2)).toEqualTypeOf<OwnedChannel<number>>();
  expectTypeOf(buffer(numbers, sliding(1))).toEqualTypeOf<OwnedChannel<number>>();
});

test("the steps infer", () => {
  expectTypeOf(tap((n: number) => n)).toEqualTypeOf<Transducer<number, number>>();
  expectTypeOf(window<number>(2)).toEqualTypeOf<Transducer<number, number[]>>();
  expectTypeOf(dedupe<string>()).toEqualTypeOf<Transducer<string, string>>();
  expectTypeOf(takeNth<string>(2)).toEqualTypeOf<Transducer<string, string>>();
  expectTypeOf(keep((n: number) => (n > 0 ? `${n}` : undefined))).toEqualTypeOf<Transducer<number, string>>();
  expectTypeOf(interpose<number, string>("|")).toEqualTypeOf<Transducer<number, number | string>>();
});
