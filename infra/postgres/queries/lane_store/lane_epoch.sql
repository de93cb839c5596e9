SELECT epoch FROM annals.lanes WHERE role = $1 AND topic = $2 AND partition = $3
