import { OLDEST_GITEA } from '../base/requirements.ts';
import { parseConfig } from '../pipeline/config.ts';
import type { Clock } from '../ports/clock.ts';
import type { ForgeAnswer, ForgeApiPort } from '../ports/forge-api.ts';
import type { DoctorSettings } from './doctor.ts';
import type { Finding, Probe } from './doctor-report.ts';

const CLOCK_WARN_S = 5;
const CLOCK_FAIL_S = 60;
/** A control run that finds nothing to do: the one workflow that may be started at any time. */
const HARMLESS_WORKFLOW = 'conveyor-reconcile.yml';

/** Probes of the forge and, when one is named, of the managed repository. spec: operations §3 */
export function forgeProbes(forge: ForgeApiPort, clock: Clock, settings: DoctorSettings): readonly Probe[] {
  const repository = settings.repository;
  return [
    {
      id: 'O-FRG-1',
      area: 'forge',
      expected: `Gitea >= ${OLDEST_GITEA.join('.')}`,
      why: 'older ones cancel runs of one workflow on one ref and answer a dispatch without a run id',
      run: async () => judgeVersion(await forge.request('GET', '/version')),
    },
    {
      id: 'O-CLK-1',
      area: 'clock',
      expected: `clock within ${CLOCK_WARN_S} s of the forge`,
      why: 'time-outs, leases and the order of events compare the two clocks',
      run: async () => judgeClock(await forge.request('GET', '/version'), clock.now()),
    },
    ...(repository === null
      ? []
      : repositoryProbes(forge, `/repos/${repository.owner}/${repository.name}`, settings.nonce)),
  ];
}

function repositoryProbes(forge: ForgeApiPort, repo: string, nonce: string): readonly Probe[] {
  return [
    {
      id: 'O-FRG-12',
      area: 'forge',
      expected: 'the token may push a branch',
      why: 'the bot pushes item branches and the ledger',
      run: () => judgePushRight(forge, repo, nonce),
    },
    {
      id: 'O-FRG-3',
      area: 'forge',
      expected: 'a dispatch is accepted and answers with the run id',
      why: 'the run id is the receipt by which a lost run is found',
      run: () => judgeDispatch(forge, repo),
    },
    {
      id: 'O-FRG-5',
      area: 'forge',
      expected: 'conveyor workflows without concurrency groups',
      why: 'a concurrency group drops waiting runs, also with cancel-in-progress: false',
      run: () => judgeConcurrency(forge, repo),
    },
    {
      id: 'O-CFG-1',
      area: 'config',
      expected: 'a valid .conveyor/config.yml on the default branch',
      why: 'without it no item of this repository starts',
      run: () => judgeConfig(forge, repo),
    },
  ];
}

/** No answer at all, or an answer that this token has no right to: not a verdict about the forge. */
function noAnswer(answer: ForgeAnswer, asked: string): Finding | null {
  if (answer.status === 0)
    return {
      result: 'unknown',
      actual: `no answer to ${asked}: ${answer.problem}`,
      fix: 'check the address of the forge and that this machine reaches it',
      unreachable: true,
    };
  if (answer.status >= 500)
    return {
      result: 'unknown',
      actual: `${asked} answered ${answer.status}`,
      fix: 'look at the log of the forge',
      unreachable: true,
    };
  if (answer.status === 401)
    return {
      result: 'fail',
      actual: `${asked} answered 401`,
      fix: 'give a token that is valid: it was refused or has expired',
    };
  return null;
}

function judgeVersion(answer: ForgeAnswer): Finding {
  const none = noAnswer(answer, 'GET /version');
  if (none !== null) return none;
  const version = field(answer, 'version');
  const found = /^(\d+)\.(\d+)/.exec(version ?? '');
  if (found === null)
    return {
      result: 'fail',
      actual: `GET /version answered ${answer.status} without a version`,
      fix: 'give the address of a Gitea server',
    };
  const [major, minor] = [Number(found[1]), Number(found[2])];
  const oldest = OLDEST_GITEA.join('.');
  if (major > OLDEST_GITEA[0] || (major === OLDEST_GITEA[0] && minor >= OLDEST_GITEA[1]))
    return { result: 'pass', actual: `Gitea ${version}` };
  return {
    result: 'fail',
    actual: `Gitea ${version} is too old: Conveyor needs ${oldest} or newer.`,
    fix: `upgrade Gitea to ${oldest} or newer`,
  };
}

function judgeClock(answer: ForgeAnswer, now: Date): Finding {
  const none = noAnswer(answer, 'GET /version');
  if (none !== null) return none;
  if (answer.date === null) return { result: 'unknown', actual: 'the forge sends no Date header' };
  const apart = Math.round(Math.abs(answer.date.getTime() - now.getTime()) / 1000);
  const actual = `${apart} s apart from the forge`;
  if (apart <= CLOCK_WARN_S) return { result: 'pass', actual };
  return {
    result: apart > CLOCK_FAIL_S ? 'fail' : 'warn',
    actual,
    fix: 'switch on time synchronisation (NTP) on both machines',
  };
}

async function judgePushRight(forge: ForgeApiPort, repo: string, nonce: string): Promise<Finding> {
  const seen = await forge.request('GET', repo);
  const none = noAnswer(seen, `GET ${repo}`);
  if (none !== null) return none;
  if (seen.status !== 200)
    return {
      result: 'fail',
      actual: `GET ${repo} answered ${seen.status}`,
      fix: 'check owner/name, and make the account of the token a collaborator of the repository',
    };
  const scratch = `doctor/${nonce}`;
  const made = await forge.request('POST', `${repo}/branches`, { new_branch_name: scratch });
  if (made.status === 201) {
    const gone = await forge.request('DELETE', `${repo}/branches/${encodeURIComponent(scratch)}`);
    if (gone.status === 204) return { result: 'pass', actual: 'made and deleted a scratch branch' };
    return {
      result: 'warn',
      actual: `scratch branch ${scratch} could not be deleted (${gone.status})`,
      fix: `delete branch ${scratch} by hand`,
    };
  }
  return (
    noAnswer(made, 'making a branch') ?? {
      result: 'fail',
      actual: `making a branch was refused: ${made.problem}`,
      fix: 'the account needs write permission on the repository, the token the scope write:repository',
    }
  );
}

async function judgeDispatch(forge: ForgeApiPort, repo: string): Promise<Finding> {
  const fix = 'the token needs the scope write:repository and Actions must be on in the repository settings';
  const seen = await forge.request('GET', repo);
  const ref = field(seen, 'default_branch');
  const none = noAnswer(seen, `GET ${repo}`);
  if (none !== null) return none;
  if (ref === null) return { result: 'fail', actual: `GET ${repo} answered ${seen.status}`, fix };
  const path = `${repo}/actions/workflows/${HARMLESS_WORKFLOW}/dispatches?return_run_details=true`;
  const sent = await forge.request('POST', path, { ref, inputs: {} });
  const unanswered = noAnswer(sent, 'a dispatch');
  if (unanswered !== null) return unanswered;
  if (sent.status === 404)
    return {
      result: 'fail',
      actual: `${HARMLESS_WORKFLOW} is not on branch ${ref}`,
      fix: 'write the workflow files with "conveyor workflows" and merge them',
    };
  const run = field(sent, 'workflow_run_id');
  if (sent.status === 200 && run !== null) return { result: 'pass', actual: `run ${run}` };
  if (sent.status === 204)
    return {
      result: 'fail',
      actual: 'dispatched, but without a run id',
      fix: `upgrade Gitea to ${OLDEST_GITEA.join('.')} or newer`,
    };
  return { result: 'fail', actual: `a dispatch was refused: ${sent.problem || `status ${sent.status}`}`, fix };
}

async function judgeConcurrency(forge: ForgeApiPort, repo: string): Promise<Finding> {
  const listed = await forge.request('GET', `${repo}/contents/.gitea/workflows`);
  const none = noAnswer(listed, 'the list of workflow files');
  if (none !== null) return none;
  const names = workflowNames(listed);
  if (names.length === 0)
    return {
      result: 'fail',
      actual: 'no conveyor-*.yml in .gitea/workflows',
      fix: 'write the workflow files with "conveyor workflows"',
    };
  const grouped: string[] = [];
  for (const name of names) {
    const file = await forge.request('GET', `${repo}/raw/.gitea/workflows/${name}`);
    if (file.status !== 200)
      return noAnswer(file, name) ?? { result: 'unknown', actual: `${name} answered ${file.status}` };
    if (/^\s*concurrency\s*:/m.test(String(file.data))) grouped.push(name);
  }
  if (grouped.length === 0) return { result: 'pass', actual: `${names.length} workflow files, no concurrency group` };
  return {
    result: 'fail',
    actual: `concurrency in ${grouped.join(', ')}`,
    fix: 'generate the files again with "conveyor workflows"; they are not edited by hand',
  };
}

async function judgeConfig(forge: ForgeApiPort, repo: string): Promise<Finding> {
  const file = await forge.request('GET', `${repo}/raw/.conveyor/config.yml`);
  if (file.status === 404)
    return {
      result: 'fail',
      actual: 'no .conveyor/config.yml',
      fix: 'add it: version: 1, project.prefix, tracker, agents',
    };
  if (file.status !== 200)
    return noAnswer(file, '.conveyor/config.yml') ?? { result: 'unknown', actual: `answered ${file.status}` };
  const parsed = parseConfig(String(file.data));
  if (parsed.ok) return { result: 'pass', actual: `prefix ${parsed.config.project.prefix}` };
  return { result: 'fail', actual: parsed.errors.join('; '), fix: 'correct these keys on the default branch' };
}

/** One field of a JSON object as text; null when the answer is something else. */
function field(answer: ForgeAnswer, name: string): string | null {
  const value = (answer.data as Record<string, unknown> | null | undefined)?.[name];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : null;
}

function workflowNames(answer: ForgeAnswer): string[] {
  if (!Array.isArray(answer.data)) return [];
  const names = answer.data.map((entry: unknown) => (entry as { name?: unknown } | null)?.name);
  return names.filter((name): name is string => typeof name === 'string' && /^conveyor-[a-z-]+\.yml$/.test(name));
}
