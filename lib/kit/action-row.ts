/**
 * Inputs that actions take, and what a generated workflow gives for each. `read` and `bot` are the two kinds of jobs;
 * null = this kind of job must not hold it.
 */
export const INPUTS = {
  item: { description: 'Work item, e.g. ET-12', read: '${{ inputs.item }}', bot: '${{ inputs.item }}' },
  token: {
    description: 'Fencing token of the dispatch; only its holder may land',
    read: '${{ inputs.token }}',
    bot: '${{ inputs.token }}',
  },
  round: {
    description: 'Round of the stage in this life of the item, from 1',
    read: '${{ inputs.round }}',
    bot: '${{ inputs.round }}',
  },
  attempt: {
    description: 'Attempt of this round, from 1',
    read: '${{ inputs.attempt }}',
    bot: '${{ inputs.attempt }}',
  },
  events: {
    description: 'JSON array of 1 to 20 event envelopes; empty when the run itself is the event',
    read: null,
    bot: '${{ inputs.events }}',
  },
  digest: { description: 'Digest of the artifact that the person saw', read: null, bot: '${{ inputs.digest }}' },
  command: { description: 'Control command', read: null, bot: '${{ inputs.command }}' },
  reason: { description: 'Why; required for cancel', read: null, bot: '${{ inputs.reason }}' },
  'forge-token': {
    description: 'Token for the forge: the read-only job token in jobs that run code of the item, else the bot token',
    read: '${{ github.token }}',
    bot: '${{ secrets.CONVEYOR_BOT_TOKEN }}',
  },
  'tracker-url': {
    description: 'Address of the tracker, e.g. https://plane.example.org',
    read: null,
    bot: '${{ vars.CONVEYOR_TRACKER_URL }}',
  },
  'tracker-token': { description: 'Token for the tracker', read: null, bot: '${{ secrets.CONVEYOR_TRACKER_TOKEN }}' },
} as const satisfies Record<string, { description: string; read: string | null; bot: string | null }>;
export type InputName = keyof typeof INPUTS;

/** One action: a folder under actions/ with action.yml (generated from this row) and index.ts. */
export interface ActionRow {
  /** Folder under actions/. */
  readonly folder: string;
  readonly description: string;
  readonly required: readonly InputName[];
  readonly optional: readonly InputName[];
  /** Inputs that only workflows outside the pipeline give, name → description; all optional. Generated workflows never do. */
  readonly alone?: Readonly<Record<string, string>>;
  /** Outputs beside `result`, name → description. */
  readonly outputs?: Readonly<Record<string, string>>;
  /** Whether the step gets the deploy secrets of the configuration as CONVEYOR_DEPLOY_<NAME>. */
  readonly deploySecrets: boolean;
}
