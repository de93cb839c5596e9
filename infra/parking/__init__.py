"""`annals parked`: the streams that wait because the code of a projection or a saga cannot take their next event."""
