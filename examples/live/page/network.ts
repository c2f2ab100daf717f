/** A network that can be cut: its sockets break, and no new one is opened. */
export class Network {
  private readonly _url: URL;
  private _socket: WebSocket | null;
  private _isUp: boolean;

  constructor(url: URL) {
    this._url = url;
    this._socket = null;
    this._isUp = true;
  }

  open(): WebSocket {
    if (!this._isUp) throw new Error("the network is cut");
    this._socket = new WebSocket(this._url);
    return this._socket;
  }

  get isUp(): boolean {
    return this._isUp;
  }

  set isUp(isUp: boolean) {
    this._isUp = isUp;
    if (!isUp) this._socket?.close();
  }
}
