/**
 * What one job of a run hands to the next: a set of small files under a name, immutable, bound to the run.
 * Throws `ExternalError` HANDOVER_… ; `HANDOVER_FOREIGN_RUN` when the runtime token belongs to another run (infra, never a result).
 */
export interface HandoverPort {
  put(name: string, files: ReadonlyMap<string, Buffer>): Promise<{ readonly digest: string; readonly size: number }>;
  /** null = the earlier job left nothing under this name. */
  get(name: string): Promise<ReadonlyMap<string, Buffer> | null>;
}
