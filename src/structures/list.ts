// A circular doubly linked list whose links are the waiting things themselves: joining and leaving are O(1), from the
// middle as well, and nothing is allocated. A link that stands in no list has `before === null`.

/** A place in a list. */
export interface Link {
  before: Link | null;
  after: Link | null;
}

/** The place before the first link and after the last. */
export class List implements Link {
  /** @internal */ before: Link;
  /** @internal */ after: Link;

  constructor() {
    this.before = this.after = this;
  }

  /** Whether there is no link in it. */
  get empty(): boolean {
    return this.after === this;
  }
}

/** Puts a link at the end. */
export function append(list: List, link: Link): void {
  //  … last ⇄ list      becomes      … last ⇄ link ⇄ list
  const last = list.before;
  link.before = last;
  link.after = list;
  last.after = link;
  list.before = link;
}

/** Takes a link out; one that stands in no list stays as it is. */
export function unlink(link: Link): void {
  const { before, after } = link;
  if (before === null) return;
  //  before ⇄ link ⇄ after      becomes      before ⇄ after
  before.after = after;
  after!.before = before;
  link.before = link.after = null;
}

/** Takes the first link out; `null` when there is none. */
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

/** Moves everything from one list to the end of another, in one step. */
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
