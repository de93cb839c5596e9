-- $1 topic of commands: up to where each of its lanes has read.
SELECT partition, consumed FROM annals.lanes WHERE role = 'command' AND topic = $1
