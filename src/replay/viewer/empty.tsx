const commands = [
  ["tracecraft claim schema", "an agent takes a step"],
  ['tracecraft send backend "start with the migration"', "a message, read when its inbox is"],
  ["tracecraft session mirror", "the transcript of this session"],
  ["tracecraft view", "this page, following the bucket live"],
] as const;

/** What a page without events says: what would fill it. */
export function Empty({ project }: { project: string }) {
  return (
    <main class="blank">
      <h2>Nothing has been recorded yet</h2>
      <p>
        The project {project} exists, but no agent has claimed a step, sent a message or mirrored a session.
        As soon as one does, its lane appears above.
      </p>
      <dl>
        {commands.map(([command, what]) => (
          <div key={command}>
            <dt>{command}</dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </main>
  );
}
