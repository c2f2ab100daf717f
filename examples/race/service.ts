/** A search service, as its callers see it. */
export interface Service {
  name: string;
  /** In a few words, how it searches. */
  manner: string;
  /** Whether it has an index ready when it is asked. */
  prepared: boolean;
  url: string;
}

/** Where to ask; the race is named so that the service can be asked later what became of it. */
export function searchUrl(service: Service, question: string, race: string): string {
  return `${service.url}/search?${new URLSearchParams({ question, race })}`;
}

export function fateUrl(service: Service, race: string): string {
  return `${service.url}/fate?${new URLSearchParams({ race })}`;
}
