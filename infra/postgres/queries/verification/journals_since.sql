-- Since when instances keep journals.
SELECT applied_at FROM annals.migrations WHERE number = 1
