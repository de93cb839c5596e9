DELETE FROM annals.snapshots WHERE context = $1
