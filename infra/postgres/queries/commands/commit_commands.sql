-- Four calls, one statement: what one of them refuses, none has written. What commit_commands would settle itself, for
-- releases before this one, is settled by who holds it.
SELECT annals.commit_commands($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
                              $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, '', '', '', $38, $39),
       annals.note_last_record($1, $2, $3, $4 - 1, $45),
       annals.settle_claims($8, $9, $34, $35, $36, $37),
       annals.keep_snapshots($8, $9, $40, $41, $42, $43, $44)
