-- $1 contexts, $2 partitions, $3 sequences (lists, see annals.listed, of triples). Which of the triples, from 1 on. A
-- look-up in the index for each.
SELECT place.number
  FROM unnest(annals.listed($1), annals.listed($2)::int[], annals.listed($3)::bigint[])
       WITH ORDINALITY AS place(context, partition, sequence, number)
 WHERE EXISTS (SELECT FROM annals.events AS e
                WHERE e.context = place.context AND e.partition = place.partition AND e.sequence > place.sequence)
