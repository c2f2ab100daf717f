// A circular doubly linked list whose links are the entries themselves: adding and removing are O(1), also in the middle,
// and allocate nothing. A link that is in no list has `before === null`.

/** An entry of a list. */
export interface Link {
  before: Link | null;
  after: Link | null;
}

/** A list. It is itself a link: the one before the first entry and after the last. */
export class List implements Link {
  /** @internal */ before: Link;
  /** @internal */ after: Link;

  constructor() {
    this.before = this.after = this;
  }

  /** Whether the list has no links. */
  get empty(): boolean {
    return this.after === this;
  }
}

/** Adds a link at the end of a list. */
export function append(list: List, link: Link): void {
  //  … last ⇄ list      becomes      … last ⇄ link ⇄ list
  const last = list.before;
  link.before = last;
  link.after = list;
  last.after = link;
  list.before = link;
}

/** Removes a link from its list; does nothing if the link is in no list. */
export function unlink(link: Link): void {
  const { before, after } = link;
  if (before === null) return;
  //  before ⇄ link ⇄ after      becomes      before ⇄ after
  before.after = after;
  after!.before = before;
  link.before = link.after = null;
}

/** Removes the first link of a list and returns it; `null` if the list is empty. */
export function shift(list: List): Link | null {
  const link = list.after;
  if (link === list) return null;
  const after = link.after!;
  //  list ⇄ link ⇄ after      becomes      list ⇄ after
  list.after = after;
  after.before = list;
  link.before = link.after = null;
  return link;
}

/** Moves all links of one list to the end of another, in constant time. */
export function move(from: List, to: List): void {
  if (from.empty) return;
  const first = from.after;
  const last = from.before;
  const end = to.before;
  //  … end ⇄ to,  from ⇄ first … last ⇄ from      becomes      … end ⇄ first … last ⇄ to
  end.after = first;
  first.before = end;
  last.after = to;
  to.before = last;
  from.before = from.after = from;
}
