"""The program after a change that open executions cannot go on with."""

import films
from films import Film, cut, film_workflow


@film_workflow("Chain")
async def chain(film: Film, parts: int) -> list[str]:
    return [await cut(film, part + 100) for part in range(parts)]


@film_workflow("Encode")
async def encoding(film: Film, until: str) -> str:
    del until
    return await films.cut(film, 1)
