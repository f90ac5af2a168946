import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '../base/errors.ts';
import { parseEvents } from '../pipeline/envelope.ts';
import type { Answer } from '../pipeline/events.ts';
import { loadEventPayload } from '../runtime/event-payload.ts';
import type { ActionContext, ActionOutcome } from '../runtime/run-action.ts';
import { confirmDeploy, control } from '../steps/control.ts';
import { openSession } from '../steps/engine.ts';
import { type Desk, createDesk } from '../steps/feed.ts';
import { type IntakeInput, intake } from '../steps/intake.ts';
import { reconcile } from '../steps/reconcile.ts';
import type { Access, ConfirmInputs, ControlInputs, IntakeInputs } from './control-action.ts';
import { createGiteaEngine } from './gitea.ts';

async function withDesk(
  context: ActionContext<Access>,
  act: (desk: Desk) => Promise<ActionOutcome>,
): Promise<ActionOutcome> {
  const { inputs, run, log, clock, redact, stop } = context;
  const scratch = await mkdtemp(join(run.temp ?? tmpdir(), 'conveyor-control-'));
  try {
    const engine = await createGiteaEngine({
      run,
      env: process.env,
      token: inputs['forge-token'],
      tracker: { url: inputs['tracker-url'], token: inputs['tracker-token'] },
      clock,
      log,
      redact,
      stop,
      scratch,
      ledger: true,
    });
    return await act(createDesk(await openSession(engine)));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** A refusal of a person's command is a red run that names the rule; a board gesture is answered on the board. */
const answered = (answer: Answer): ActionOutcome => ({
  result: answer.applied ? 'applied' : 'ignored',
  failed: !answer.applied && answer.rule !== 'I-DUP',
  line: `${answer.item ?? ''} ${answer.event}: ${answer.applied ? 'applied' : 'refused'} (${answer.rule}) ${answer.text}`,
});

const bullets = (lines: readonly string[]) => lines.map((line) => `- ${line.replaceAll('<', '&lt;')}`).join('\n');

/** Everything that came from outside, decided in one commit. Throws ConfigError EVENTS_INVALID. */
export const runIntake = (context: ActionContext<IntakeInputs>) =>
  withDesk(context, async (desk) => {
    const { lines } = await intake(desk, await intakeInput(context.inputs.events, desk));
    return {
      result: 'done',
      failed: false,
      line: lines.join(' | ').slice(0, 2000) || 'nothing to decide',
      summary: bullets(lines),
    };
  });

const Payload = z
  .object({
    workflow_run: z.object({ head_sha: z.string() }).optional(),
    pull_request: z
      .object({
        number: z.int(),
        merged: z.boolean().default(false),
        merge_commit_sha: z.string().nullish(),
        head: z.object({ ref: z.string() }),
      })
      .optional(),
  })
  .catch({});

/** What started the run: envelopes of the relay, the end of a CI workflow, or a closed pull request. */
async function intakeInput(events: string, desk: Desk): Promise<IntakeInput> {
  if (events.trim() !== '') {
    const parsed = parseEvents(events);
    if (!parsed.ok)
      throw new ConfigError(
        'EVENTS_INVALID',
        `${parsed.error}: the relay and these workflow files are of different releases`,
      );
    const { log } = desk.session.engine;
    for (const envelope of parsed.envelopes)
      log.info(`${envelope.correlation} ${envelope.kind} ${envelope.item.id ?? envelope.item.tracker_id}`);
    const project = desk.session.config.project.tracker_project;
    const foreign = parsed.envelopes.filter((envelope) => envelope.project !== project);
    for (const envelope of foreign)
      log.warn(
        `${envelope.correlation} is of project ${envelope.project}, not of this repository: ignored (I-PROJECT)`,
      );
    return {
      issues: parsed.envelopes
        .filter((envelope) => envelope.project === project)
        .map((envelope) => envelope.item.tracker_id),
      ciCommit: null,
      pull: null,
    };
  }
  const payload = Payload.parse(await loadEventPayload());
  const pull = payload.pull_request;
  return {
    issues: [],
    ciCommit: payload.workflow_run?.head_sha ?? null,
    pull:
      pull === undefined
        ? null
        : { number: pull.number, head: pull.head.ref, merged: pull.merged, mergeCommit: pull.merge_commit_sha ?? null },
  };
}

/** One command of a person about one item. */
export const runControl = (context: ActionContext<ControlInputs>) =>
  withDesk(context, async (desk) => answered(await control(desk, { ...context.inputs, by: context.run.actor })));

/** A person's yes to exactly one digest. */
export const runConfirm = (context: ActionContext<ConfirmInputs>) =>
  withDesk(context, async (desk) => answered(await confirmDeploy(desk, { ...context.inputs, by: context.run.actor })));

/** Compares tracker, ledger and forge, and corrects what differs. */
export const runReconcile = (context: ActionContext<Access>) =>
  withDesk(context, async (desk) => {
    const { plan } = await reconcile(desk);
    return {
      result: plan.length === 0 ? 'nothing' : 'applied',
      failed: false,
      line: plan.length === 0 ? 'tracker, ledger and forge agree' : `${plan.length} corrections`,
      summary: bullets(plan),
    };
  });
