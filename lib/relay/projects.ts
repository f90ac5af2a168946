import { errorText } from '../base/errors.ts';
import type { Log } from '../ports/log.ts';
import type { AlertMemory } from './alert-memory.ts';
import type { ProjectEntry } from './config-schema.ts';
import type { RelayForge, RepositorySettings } from './ports.ts';
import type { BoardReading } from './state-maps.ts';
import type { Route } from './work.ts';

/** Used until a repository's file was read once; the usual names of the labels that mean something. */
const UNREAD: Pick<RepositorySettings, 'labels' | 'statuses' | 'statesTtlS'> = {
  labels: ['Bug', 'autoApprove', 'autoDeploy'],
  statuses: {},
  statesTtlS: 300,
};

/**
 * The registry in force, with what the repositories say of themselves. A project whose file disagrees with the
 * registry is suspended: its events stay spooled, others run. spec: O-C-8, O-C-9
 */
export class Projects {
  #entries: readonly ProjectEntry[];
  readonly #settings = new Map<string, RepositorySettings>();
  readonly #mismatch = new Map<string, string>();
  readonly #lastDelivery = new Map<string, Date>();

  constructor(entries: readonly ProjectEntry[]) {
    this.#entries = entries;
  }

  get entries(): readonly ProjectEntry[] {
    return this.#entries;
  }

  replace(entries: readonly ProjectEntry[]): void {
    this.#entries = entries;
    this.#mismatch.clear();
  }

  find(project: string): ProjectEntry | null {
    return this.#entries.find((entry) => entry.project === project) ?? null;
  }

  /** null = not registered, switched off or suspended. */
  route(project: string): Route | null {
    const entry = this.find(project);
    return entry === null || !entry.enabled || this.#mismatch.has(project) ? null : entry;
  }

  /** Why the project is suspended, or null. */
  mismatch(project: string): string | null {
    return this.#mismatch.get(project) ?? null;
  }

  delivered(project: string, at: Date): void {
    this.#lastDelivery.set(project, at);
  }

  lastDelivery(project: string): Date | null {
    return this.#lastDelivery.get(project) ?? null;
  }

  labels(project: string): readonly string[] {
    return this.#settingsOf(project).labels;
  }

  reading(project: string): BoardReading {
    return this.#settingsOf(project);
  }

  /** Reads every repository's file; an unreadable one keeps what was known. Never throws. */
  async refresh(forge: RelayForge, alerts: AlertMemory, log: Log): Promise<void> {
    await Promise.all(
      this.#entries.map(async (entry) => {
        try {
          const settings = await forge.settings(entry.repository);
          if (settings === null) return;
          this.#settings.set(entry.repository, settings);
          await this.#compare(entry, settings, alerts, log);
        } catch (thrown) {
          log.debug(`the configuration of ${entry.repository} could not be read: ${errorText(thrown)}`);
        }
      }),
    );
  }

  async #compare(entry: ProjectEntry, settings: RepositorySettings, alerts: AlertMemory, log: Log): Promise<void> {
    const other =
      settings.prefix !== entry.prefix
        ? `prefix ${settings.prefix}, not ${entry.prefix}`
        : settings.trackerProject !== '' && settings.trackerProject !== entry.project
          ? `tracker project ${settings.trackerProject}, not ${entry.project}`
          : null;
    if (other === null) {
      this.#mismatch.delete(entry.project);
      await alerts.clear(
        'registry-mismatch',
        entry.project,
        `${entry.repository} agrees with the registry again: its events are delivered`,
      );
      return;
    }
    const text = `${entry.repository} names ${other} in .conveyor/config.yml: events of the project wait until relay.yml and that file agree`;
    this.#mismatch.set(entry.project, text);
    if (await alerts.raise('registry-mismatch', entry.project, text)) log.error(text);
  }

  #settingsOf(project: string): typeof UNREAD {
    const entry = this.find(project);
    return (entry === null ? undefined : this.#settings.get(entry.repository)) ?? UNREAD;
  }
}
