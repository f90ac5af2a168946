/** Oldest Node major the actions run on: octokit and the built-in fetch need it. spec: O-RUN-1 */
export const OLDEST_NODE = 22;
/** Oldest git: patch-id --verbatim, merge-tree --write-tree. spec: O-RUN-2 */
export const OLDEST_GIT = [2, 39] as const;
/** Oldest Gitea: a dispatch answers with the run id, and runs of one workflow are not cancelled. spec: O-FRG-1 */
export const OLDEST_GITEA = [1, 26] as const;
