"""How answers have to look, by the contract's tables: keys, types, and what must be absent."""

import re
from datetime import datetime

_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?")
_CID = re.compile(r"[0-9a-f]{24}")
_USER_ID = re.compile(r"zusr[0-9abcdefghjkmnpqrstvwxyz]{20,26}")
_TOKEN = re.compile(r"gAAAA[A-Za-z0-9_-]+={0,2}")
_RESET_TOKEN = re.compile(r"[0-9abcdefghjkmnpqrstvwxyz]{20,26}")


def _is(pattern):
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def is_date(value) -> bool:
    """A date of the API, which also exists in the calendar."""
    if not _is(_DATE)(value):
        return False
    datetime.fromisoformat(value)
    return True


def is_text(value) -> bool:
    return isinstance(value, str)


def is_flag(value) -> bool:
    return isinstance(value, bool)


def is_number(value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def is_list(value) -> bool:
    return isinstance(value, list)


is_token = _is(_TOKEN)
is_user_id = _is(_USER_ID)
is_reset_token = _is(_RESET_TOKEN)

ENVELOPE = {"cid": _is(_CID), "status": is_text}

# Section 4.6: what everybody sees of a user, always or if it has a value.
USER_ALWAYS = {"user_id": is_user_id, "username": is_text, "is_totp_enabled": is_flag}
USER_SOMETIMES = {
    "email": is_text,
    "display_name": is_text,
    "first_name": is_text,
    "middle_name": is_text,
    "last_name": is_text,
    "totp_label": is_text,
}
# The same of what super-users alone see.
SUPER_ALWAYS = {
    "is_active": is_flag,
    "is_internal": is_flag,
    "is_super_user": is_flag,
    "is_approval_needed": is_flag,
    "approval_status": lambda value: value in ("before_decision", "approved", "rejected"),
    "approval_status_mod_by": is_text,
    "approval_status_mod_time": is_date,
    "is_locked": is_flag,
    "password_expiry": is_date,
    "password_is_set": is_flag,
    "password_must_change": is_flag,
    "password_last_set": is_date,
    "sign_up_status": lambda value: value in ("before_confirmation", "to_approve", "final"),
    "sign_up_time": is_date,
}
SUPER_SOMETIMES = {
    "locked_time": is_date,
    "locked_by": is_text,
    "approv_rej_time": is_date,
    "approv_rej_by": is_text,
}
# A user in the result of a search has every key, null where there is no value.
FOUND = USER_ALWAYS | USER_SOMETIMES | SUPER_ALWAYS | SUPER_SOMETIMES | {
    "creation_ctx": lambda value: value is None
}

PAGE = {
    "result": is_list,
    "total": is_number,
    "num_pages": is_number,
    "page_size": is_number,
    "cur_page": is_number,
    "has_next_page": is_flag,
    "has_prev_page": is_flag,
}
PAGE_SOMETIMES = {"next_page": is_number, "prev_page": is_number}

SESSION = {
    "creation_time": is_date,
    "expiration_time": is_date,
    "remote_addr": is_text,
    "user_agent": is_text,
}
LISTED_SESSION = SESSION | {
    "auth_type": lambda value: value in ("default", "basic_auth", "jwt"),
    "auth_principal": is_text,
    "session_state_change_list": is_list,
}
STATE_CHANGE = {
    "remote_addr": lambda value: is_text(value) or is_list(value),
    "user_agent": is_text,
    "timestamp_utc": is_date,
    "ctx_source": lambda value: value in ("login", "renew"),
    "idx": is_number,
}

ATTRIBUTE = {
    "name": is_text,
    "value": lambda value: True,
    "creation_time": is_date,
    "last_modified": is_date,
    "expiration_time": is_date,
    "is_encrypted": is_flag,
}

LINKED_ACCOUNT = {
    "auth_type": lambda value: value in ("basic_auth", "jwt"),
    "auth_username": is_text,
    "creation_time": is_date,
    "is_active": is_flag,
}


def fits(value: dict, always: dict, sometimes: dict | None = None) -> None:
    """It has all of these keys, perhaps those, and no others, each of its type."""
    sometimes = sometimes or {}
    missing = always.keys() - value.keys()
    assert not missing, f"without {sorted(missing)}: {value}"
    stray = value.keys() - always.keys() - sometimes.keys()
    assert not stray, f"with {sorted(stray)}: {value}"
    for key, is_right in (always | sometimes).items():
        assert key not in value or is_right(value[key]), f"{key} is {value[key]!r}"


def done(answer: dict, always: dict | None = None, sometimes: dict | None = None) -> dict:
    """An answer that says `ok` and holds exactly this beside its envelope."""
    assert answer["status"] == "ok", answer
    fits(answer, ENVELOPE | (always or {}), sometimes)
    return answer


def user_of_regular(answer: dict) -> dict:
    """A user as somebody who is no super-user may see it: the rest is absent, not null."""
    return done(answer, USER_ALWAYS, USER_SOMETIMES)


def user_of_super(answer: dict) -> dict:
    """A user as a super-user sees it."""
    return done(answer, USER_ALWAYS | SUPER_ALWAYS, USER_SOMETIMES | SUPER_SOMETIMES)


def page(answer: dict) -> dict:
    """The answer of a search."""
    done(answer, PAGE, PAGE_SOMETIMES)
    nullable = USER_SOMETIMES | SUPER_SOMETIMES
    for found in answer["result"]:
        fits({key: value for key, value in found.items() if value is not None}, {}, FOUND)
        missing = FOUND.keys() - found.keys() - {"approv_rej_time", "approv_rej_by"}
        assert not missing, f"without {sorted(missing)}: {found}"
        nulls = {key for key, value in found.items() if value is None}
        assert nulls <= nullable.keys() | {"creation_ctx"}, f"null: {sorted(nulls)}"
    return answer
