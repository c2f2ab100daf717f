// The parents of OpenTelemetry's spans, for spans.mjs <the package> <a context manager>. It prints which span is the child of which.

import { context, trace } from "@opentelemetry/api";
import { AsyncHooksContextManager, AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";

const [packed, manager] = process.argv.slice(2);
const m = await import(packed);
const exporter = new InMemorySpanExporter();
const managers = { AsyncHooksContextManager, AsyncLocalStorageContextManager };
context.setGlobalContextManager(new managers[manager]().enable());
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
const tracer = trace.getTracer("test");
const leaf = (name) => tracer.startActiveSpan(name, (span) => span.end());

function handle(id) {
  return tracer.startActiveSpan(`request ${id}`, async (request) => {
    await m.go(function* () {
      leaf(`first ${id}`);
      yield* m.sleep(2);
      leaf(`later ${id}`);
      yield* m.scope(function* (scope) {
        scope.go(function* () {
          yield* m.sleep(1);
          leaf(`child ${id}`);
        });
      });
      yield* tracer.startActiveSpan(`inner ${id}`, (inner) =>
        m.go(function* () {
          yield* m.sleep(1);
          leaf(`in inner ${id}`);
          inner.end();
        }),
      );
      leaf(`after inner ${id}`);
    });
    await m.go(async function* () {
      yield* m.sleep(2);
      await null;
      leaf(`async ${id}`);
      yield* m.sleep(30);
      leaf(`async later ${id}`);
    });
    request.end();
  });
}
await Promise.all(["A", "B", "C"].map(handle));

const spans = exporter.getFinishedSpans();
const names = new Map(spans.map((span) => [span.spanContext().spanId, span.name]));
const parents = spans.map((span) => [span.name, names.get(span.parentSpanContext?.spanId) ?? null]);
console.log(JSON.stringify(Object.fromEntries(parents)));
