-- Since when instances keep journals: 0009 brought them.
SELECT applied_at FROM annals.migrations WHERE number = 9
