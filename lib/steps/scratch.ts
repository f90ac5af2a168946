import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { OUTCOME_CLASSES } from '../pipeline/outcome.ts';
import { Verdict } from '../pipeline/verdict.ts';

/** What the first step of a landing job made and the next ones judge: nothing of it is on the forge yet. */
export const Candidate = z.object({
  item: z.string(),
  stage: z.string(),
  branch: z.string(),
  /** Commit to be judged and landed; equals `recordedHead` when nothing changed. */
  commit: z.string(),
  recordedHead: z.string(),
  base: z.string(),
  outcome: z.object({
    class: z.enum(OUTCOME_CLASSES),
    cause: z.string().nullable(),
    text: z.string(),
    seconds: z.number(),
    usage: z
      .object({ input: z.number(), cacheRead: z.number(), cacheCreation: z.number(), output: z.number() })
      .nullable(),
    costUsd: z.number().nullable(),
  }),
  /** Verdict files: path → blob. */
  reports: z.record(z.string(), z.string()),
  package: z.string().nullable(),
  message: z.string().nullable(),
  validated: z.object({ sha: z.string(), tree: z.string(), code_tree: z.string(), base: z.string() }).nullable(),
  mergeCommit: z.string().nullable(),
});
export type Candidate = z.infer<typeof Candidate>;

/** What the steps of one job tell each other, as files: they share the job's folder and its credentials. */
export interface Scratch {
  saveCandidate(candidate: Candidate): Promise<void>;
  loadCandidate(): Promise<Candidate | null>;
  saveVerdict(verdict: Verdict): Promise<void>;
  /** In the order in which they were judged. */
  loadVerdicts(): Promise<readonly Verdict[]>;
  /** This run has done its part and given its token away: what its later steps say. */
  saveHandedOver(line: string): Promise<void>;
  loadHandedOver(): Promise<string | null>;
}

export function createScratch(folder: string): Scratch {
  const candidateFile = join(folder, 'candidate.json');
  const verdicts = join(folder, 'verdicts');
  const handedOver = join(folder, 'handed-over.txt');
  const list = () =>
    readdir(verdicts).then(
      (names) => names.sort(),
      () => [] as string[],
    );
  return {
    async saveCandidate(candidate) {
      await mkdir(folder, { recursive: true });
      await writeFile(candidateFile, JSON.stringify(Candidate.parse(candidate)));
    },
    async loadCandidate() {
      const text = await readFile(candidateFile, 'utf8').catch(() => null);
      return text === null ? null : Candidate.parse(JSON.parse(text));
    },
    async saveVerdict(verdict) {
      await mkdir(verdicts, { recursive: true });
      await writeFile(
        join(verdicts, `${String((await list()).length).padStart(2, '0')}-${verdict.gate}.json`),
        JSON.stringify(verdict),
      );
    },
    async saveHandedOver(line) {
      await mkdir(folder, { recursive: true });
      await writeFile(handedOver, line);
    },
    loadHandedOver: () => readFile(handedOver, 'utf8').catch(() => null),
    async loadVerdicts() {
      return Promise.all(
        (await list()).map(async (name) => Verdict.parse(JSON.parse(await readFile(join(verdicts, name), 'utf8')))),
      );
    },
  };
}
