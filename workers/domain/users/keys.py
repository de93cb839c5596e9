"""By what values of a user count as the same: for claims in the write side and for look-ups in the read side."""


def email_key(email: str) -> str:
    """An e-mail address without regard to case."""
    return email.lower()


def city_key(city: str) -> str:
    """A city's name without regard to case and to how much white space stands between its words."""
    return " ".join(city.casefold().split())
