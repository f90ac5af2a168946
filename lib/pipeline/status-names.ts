import type { StatusKey } from './stages.ts';

/** Names of the statuses on a board, as people see and type them; the first is the one that texts use. spec: pipeline §6 */
export const STATUS_NAMES: Readonly<Record<StatusKey, readonly [string, ...string[]]>> = {
  backlog: ['Backlog'],
  todo: ['Todo'],
  to_analyse: ['To Analyse'],
  in_progress: ['In Progress'],
  analysis: ['Analysis'],
  needs_input: ['Needs Input'],
  in_review: ['In Review'],
  approved: ['Approved'],
  rejected: ['Rejected'],
  architecture: ['Architecture'],
  development: ['Development'],
  review: ['Review'],
  code_review: ['Code Review'],
  testing: ['Testing'],
  awaiting_deploy: ['Awaiting Deploy'],
  confirm_deploy: ['Confirm Deploy'],
  deploying: ['Deploying'],
  monitoring: ['Monitoring after Deploy'],
  blocked: ['Blocked'],
  stop: ['STOP'],
  estimate: ['Estimate', 'Оценка'],
  done: ['Done'],
  cancelled: ['Cancelled'],
};
