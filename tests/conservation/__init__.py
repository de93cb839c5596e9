"""All contexts and all sagas at once, in memory and in any order: money and stock are neither made nor lost."""
