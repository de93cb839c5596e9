-- $1 contexts, $2 partitions, $3 sequences (lists, see annals.listed, of triples). A look-up in the index for each.
SELECT place.context, place.partition
  FROM unnest(annals.listed($1), annals.listed($2)::int[], annals.listed($3)::bigint[])
       AS place(context, partition, sequence)
 WHERE EXISTS (SELECT FROM annals.events AS e
                WHERE e.context = place.context AND e.partition = place.partition AND e.sequence > place.sequence)
