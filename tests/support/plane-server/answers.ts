/** Pages as Plane cuts them: cursor `per_page:page:is_prev`, next_cursor never null. */
export function pageOf(
  rows: readonly unknown[],
  query: URLSearchParams,
): { readonly status: 200 | 400; readonly body: object } {
  const perPage = Number(query.get('per_page') ?? '1000');
  if (!Number.isInteger(perPage) || perPage < 1)
    return { status: 400, body: { detail: 'Invalid per_page parameter.' } };
  if (perPage > 1000) return { status: 400, body: { detail: 'Invalid per_page value. Cannot exceed 1000.' } };
  const cursor = /^(\d+):(\d+):(0|1)$/.exec(query.get('cursor') ?? `${perPage}:0:0`);
  if (cursor === null) return { status: 400, body: { detail: 'Invalid cursor parameter.' } };
  const page = Number(cursor[2]);
  const results = rows.slice(page * perPage, (page + 1) * perPage);
  return {
    status: 200,
    body: {
      grouped_by: null,
      sub_grouped_by: null,
      total_count: rows.length,
      next_cursor: `${perPage}:${page + 1}:0`,
      prev_cursor: `${perPage}:${page - 1}:1`,
      next_page_results: (page + 1) * perPage < rows.length,
      prev_page_results: page > 0,
      count: results.length,
      total_pages: Math.max(1, Math.ceil(rows.length / perPage)),
      total_results: rows.length,
      extra_stats: null,
      results,
    },
  };
}

/** `fields=` keeps only the named ones, `expand=` replaces ids by objects; unknown names are ignored. */
export function shaped(
  row: Record<string, unknown>,
  query: URLSearchParams,
  expand: Readonly<Record<string, () => unknown>>,
): Record<string, unknown> {
  const wanted = query.get('fields')?.split(',');
  const expanded = query.get('expand')?.split(',') ?? [];
  const whole = { ...row };
  for (const name of expanded) if (expand[name] !== undefined) whole[name] = expand[name]();
  const known = wanted?.filter((name) => name in whole);
  return known === undefined
    ? whole
    : Object.fromEntries(Object.entries(whole).filter(([name]) => known.includes(name)));
}

/** 60 requests in a sliding minute per key on a real server; here as many as asked for. */
export function createRateLimit() {
  const seen = new Map<string, number[]>();
  return {
    perMinute: 10_000,
    /** Requests left after this one, or the seconds to wait. */
    take(key: string): { readonly left: number } | { readonly waitS: number } {
      const now = Date.now();
      const recent = (seen.get(key) ?? []).filter((at) => at > now - 60_000);
      if (recent.length >= this.perMinute) return { waitS: Math.ceil(((recent[0] ?? now) + 60_000 - now) / 1000) };
      seen.set(key, [...recent, now]);
      return { left: this.perMinute - recent.length - 1 };
    },
  };
}
