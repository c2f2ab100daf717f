// The dining philosophers: five tasks and five forks. Each philosopher takes the left fork first. Once all have done so, no
// right fork is free, and none will be. `run` runs a closed program, so it can report the deadlock and its cycle.

import { type Channel, channel, DeadlockError, go, pause, type Routine, run } from "millrace";

const NAMES = ["Aristotle", "Bacon", "Confucius", "Descartes", "Epicurus"];

/** A channel with one place: sending takes the fork, receiving puts it back. */
type Fork = Channel<"a hand">;

function* philosopher(left: Fork, right: Fork): Routine<void> {
  for (let meal = 1; meal <= 3; meal++) {
    yield* left.send("a hand");
    yield* pause();
    yield* right.send("a hand");
    yield* right.receive();
    yield* left.receive();
  }
}

/** The body of a go block gives its task the name. */
function named(name: string): typeof philosopher {
  return Object.defineProperty(philosopher.bind(null), "name", { value: name });
}

function* table(leftHanded: (seat: number) => boolean): Routine<string> {
  const forks = NAMES.map((_name, seat): Fork => channel(1, { name: `fork ${seat}` }));
  const diners = NAMES.map((name, seat) => {
    const left = forks[seat]!;
    const right = forks[(seat + 1) % NAMES.length]!;
    return leftHanded(seat) ? go(named(name), left, right) : go(named(name), right, left);
  });
  for (const diner of diners) yield* diner;
  return "all have eaten";
}

try {
  console.log(await run(table, () => true));
} catch (error) {
  if (!(error instanceof DeadlockError)) throw error;
  console.log("Deadlock:");
  for (const task of error.tasks) console.log(`  ${task.name} waits: ${task.waitsFor}`);
  console.log(`  in a circle: ${error.cycle.join(" -> ")}`);
}

// One who takes the right fork first breaks the circle.
console.log(await run(table, (seat) => seat > 0));

// Prints:
//   Deadlock:
//     table#0 waits: join table#0/Aristotle#0
//     table#0/Aristotle#0 waits: send to fork 1
//     table#0/Bacon#1 waits: send to fork 2
//     table#0/Confucius#2 waits: send to fork 3
//     table#0/Descartes#3 waits: send to fork 4
//     table#0/Epicurus#4 waits: send to fork 0
//     in a circle: table#0/Aristotle#0 -> table#0/Bacon#1 -> table#0/Confucius#2 -> table#0/Descartes#3 -> table#0/Epicurus#4
//   all have eaten
