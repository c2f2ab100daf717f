/** One race: the same question for everybody, and how many milliseconds there are to answer it. */
export interface Heat {
  id: string;
  question: string;
  deadline: number;
}
