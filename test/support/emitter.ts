type Listener = (...args: unknown[]) => void;

/** The part of Node's emitter that millrace needs, on every engine; it counts its listeners. */
export class Emitter {
  private readonly _listeners = new Map<string | symbol, Set<Listener>>();

  on(type: string | symbol, listener: Listener): void {
    this._listeners.set(type, (this._listeners.get(type) ?? new Set()).add(listener));
  }

  off(type: string | symbol, listener: Listener): void {
    this._listeners.get(type)?.delete(listener);
  }

  emit(type: string | symbol, ...args: unknown[]): void {
    for (const listener of [...(this._listeners.get(type) ?? [])]) listener(...args);
  }

  get listeners(): number {
    return [...this._listeners.values()].reduce((sum, { size }) => sum + size, 0);
  }
}
