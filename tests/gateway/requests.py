"""What the tests of the gateway have to say and to ask again and again."""

import httpx

ADA = {"first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.org", "city": "London"}


async def created(http: httpx.AsyncClient, **fields: str) -> httpx.Response:
    answer = await http.post("/users", json={**ADA, **fields})
    assert answer.status_code == 201, answer.text
    return answer


def is_problem(answer: httpx.Response, status: int, code: str) -> bool:
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert (answer.status_code, document["code"]) == (status, code), answer.text
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    return True
