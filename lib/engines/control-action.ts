import { readFile, rm } from 'node:fs/promises';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '../base/errors.ts';
import type { Answer } from '../pipeline/events.ts';
import { parseEvents } from '../pipeline/envelope.ts';
import { type ActionContext, type ActionOutcome, runAction } from '../runtime/run-action.ts';
import { confirmDeploy, control } from '../steps/control.ts';
import { openSession } from '../steps/engine.ts';
import { type Desk, createDesk } from '../steps/feed.ts';
import { type IntakeInput, intake } from '../steps/intake.ts';
import { reconcile } from '../steps/reconcile.ts';
import { createGiteaEngine } from './gitea.ts';

const Access = z.object({ 'forge-token': z.string().min(1), 'tracker-url': z.string().default(''), 'tracker-token': z.string().default('') });
const text = z.string().default('');

async function withDesk<Inputs extends z.infer<typeof Access>>(context: ActionContext<Inputs>, act: (desk: Desk) => Promise<ActionOutcome>): Promise<ActionOutcome> {
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

export const intakeAction = () =>
  runAction('op-intake', Access.extend({ events: text }), (context) =>
    withDesk(context, async (desk) => {
      const { lines } = await intake(desk, await intakeInput(context.inputs.events, context.run.eventPath, desk));
      return { result: 'done', failed: false, line: lines.join(' | ').slice(0, 2000) || 'nothing to decide', summary: lines.map((line) => `- ${line.replaceAll('<', '&lt;')}`).join('\n') };
    }),
  );

const Payload = z
  .object({
    workflow_run: z.object({ head_sha: z.string() }).optional(),
    pull_request: z.object({ number: z.int(), merged: z.boolean().default(false), merge_commit_sha: z.string().nullish(), head: z.object({ ref: z.string() }) }).optional(),
  })
  .catch({});

/** What started the run: envelopes of the relay, the end of a CI workflow, or a closed pull request. */
async function intakeInput(events: string, eventPath: string | null, desk: Desk): Promise<IntakeInput> {
  if (events.trim() !== '') {
    const parsed = parseEvents(events);
    if (!parsed.ok) throw new ConfigError('EVENTS_INVALID', `${parsed.error}: the relay and these workflow files are of different releases`);
    const { log } = desk.session.engine;
    for (const envelope of parsed.envelopes) log.info(`${envelope.correlation} ${envelope.kind} ${envelope.item.id ?? envelope.item.tracker_id}`);
    const project = desk.session.config.project.tracker_project;
    const foreign = parsed.envelopes.filter((envelope) => envelope.project !== project);
    for (const envelope of foreign) log.warn(`${envelope.correlation} is of project ${envelope.project}, not of this repository: ignored (I-PROJECT)`);
    return { issues: parsed.envelopes.filter((envelope) => envelope.project === project).map((envelope) => envelope.item.tracker_id), ciCommit: null, pull: null };
  }
  const payload = Payload.parse(eventPath === null ? {} : JSON.parse(await readFile(eventPath, 'utf8')));
  const pull = payload.pull_request;
  return {
    issues: [],
    ciCommit: payload.workflow_run?.head_sha ?? null,
    pull: pull === undefined ? null : { number: pull.number, head: pull.head.ref, merged: pull.merged, mergeCommit: pull.merge_commit_sha ?? null },
  };
}

export const controlAction = () =>
  runAction('op-control', Access.extend({ command: z.string().min(1), item: z.string().min(1), reason: text, value: text }), (context) =>
    withDesk(context, async (desk) => answered(await control(desk, { ...context.inputs, by: context.run.actor }))),
  );

export const confirmAction = () =>
  runAction('op-confirm-deploy', Access.extend({ item: z.string().min(1), digest: z.string().min(1) }), (context) =>
    withDesk(context, async (desk) => answered(await confirmDeploy(desk, { ...context.inputs, by: context.run.actor }))),
  );

export const reconcileAction = () =>
  runAction('op-reconcile', Access, (context) =>
    withDesk(context, async (desk) => {
      const { plan } = await reconcile(desk);
      return { result: plan.length === 0 ? 'nothing' : 'applied', failed: false, line: plan.length === 0 ? 'tracker, ledger and forge agree' : `${plan.length} corrections`, summary: plan.map((line) => `- ${line.replaceAll('<', '&lt;')}`).join('\n') };
    }),
  );
