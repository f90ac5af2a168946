import { ExternalError, errorText } from '../../base/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { PlaneClient } from './plane-client.ts';
import { PlaneMember, PlaneUser } from './plane-schema.ts';

const KEEP_S = 300;

export interface PlanePeople {
  ownActors(): Promise<ReadonlySet<string>>;
  memberRole(actor: string): Promise<number | null>;
}

/**
 * Who is ours (owner of every configured key, plus the configured ids) and who is a member. The role is the one in
 * the workspace, the only one 1.3.1 tells: an upper bound of the role in the project. Both are kept 300 s.
 * `memberRole` throws TRACKER_ROLES when a member's role cannot be told. spec: RL-RLY-13, RL-RLY-14
 */
export function createPlanePeople(
  keys: readonly { readonly name: string; readonly client: PlaneClient }[],
  shared: PlaneClient,
  options: { readonly ownActorIds: readonly string[]; readonly clock: Clock; readonly log: Log },
): PlanePeople {
  const ownActors = async (): Promise<ReadonlySet<string>> => {
    const ids = new Set(options.ownActorIds);
    const me = await shared.get('users/me/', PlaneUser);
    if (me === null)
      throw new ExternalError('TRACKER_FAILED', 'Plane does not say whose the API key is (users/me/ answers 404)');
    ids.add(me.id);
    for (const { name, client } of keys) {
      try {
        const user = await client.get('users/me/', PlaneUser);
        if (user !== null) ids.add(user.id);
      } catch (thrown) {
        // A dead role key writes nothing, so nothing of it can echo; any other failure would hide one of our accounts.
        if (!(thrown instanceof ExternalError) || thrown.code !== 'TRACKER_FORBIDDEN') throw thrown;
        options.log.warn(`API key of role ${name} is not valid: ${errorText(thrown)}`);
      }
    }
    return ids;
  };

  const members = async (): Promise<ReadonlyMap<string, number | null>> => {
    const inProject = await shared.list('project/members/', PlaneMember);
    const inWorkspace = await shared.list('members/', PlaneMember);
    if (inProject === null || inWorkspace === null) throw rolesUnreadable('the member lists answer 404');
    const roles = new Map(inWorkspace.map((member) => [member.id, member.role ?? null]));
    return new Map(inProject.map((member) => [member.id, member.role ?? roles.get(member.id) ?? null]));
  };

  const keptActors = kept(ownActors, options.clock);
  const keptMembers = kept(members, options.clock);
  return {
    ownActors: keptActors,
    async memberRole(actor) {
      const roles = await keptMembers();
      const role = roles.get(actor);
      if (role === undefined) return null;
      if (role === null) throw rolesUnreadable(`no role is told for member ${actor}`);
      return role;
    },
  };
}

function rolesUnreadable(why: string): ExternalError {
  return new ExternalError('TRACKER_ROLES', `Roles of the project's members cannot be read: ${why}`, {
    retryable: true,
  });
}

function kept<Value>(load: () => Promise<Value>, clock: Clock): () => Promise<Value> {
  let have: { readonly value: Value; readonly at: number } | null = null;
  return async () => {
    const now = clock.now().getTime() / 1000;
    if (have === null || now - have.at >= KEEP_S) have = { value: await load(), at: now };
    return have.value;
  };
}
