/** What a peer did that the protocol does not allow. It ends the connection, and no other. */
export class Violation extends Error {
  constructor(what: string) {
    super(`The peer broke the protocol: it sent ${what}`);
    this.name = "ProtocolError";
  }
}
