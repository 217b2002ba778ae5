"""A client of the Zato SSO API, as an integrator would write one: a method for each operation.

    sso = Client("127.0.0.1", 17010, "CRM")
    ust = sso.login(username="ada", password="correct horse")["ust"]
    sso.get_user(ust=ust)["display_name"]

A method takes the operation's parameters by their names and returns the answer's object. What was
refused is raised: `Refused` with the codes of `sub_status`, `HttpError` for anything without them.
"""

import http.client
import json
from urllib.parse import urlencode

# Every operation of the contract's section 3: number, method, path, the method below.
OPERATIONS = [
    (1, "POST", "/zato/sso/user/login", "login"),
    (2, "POST", "/zato/sso/user/logout", "logout"),
    (3, "POST", "/zato/sso/user/signup", "sign_up"),
    (4, "PATCH", "/zato/sso/user/signup", "confirm_sign_up"),
    (5, "POST", "/zato/sso/user", "create_user"),
    (6, "GET", "/zato/sso/user", "get_user"),
    (7, "PATCH", "/zato/sso/user", "update_user"),
    (8, "DELETE", "/zato/sso/user", "delete_user"),
    (9, "GET", "/zato/sso/user/search", "search_users"),
    (10, "POST", "/zato/sso/user/approve", "approve_user"),
    (11, "POST", "/zato/sso/user/reject", "reject_user"),
    (12, "PATCH", "/zato/sso/user/password", "change_password"),
    (13, "POST", "/zato/sso/user/lock", "lock_user"),
    (14, "DELETE", "/zato/sso/user/lock", "unlock_user"),
    (15, "PATCH", "/zato/sso/user/totp", "reset_totp_key"),
    (16, "POST", "/zato/sso/user/linked", "create_linked_account"),
    (17, "GET", "/zato/sso/user/linked", "list_linked_accounts"),
    (18, "DELETE", "/zato/sso/user/linked", "delete_linked_account"),
    (19, "POST", "/zato/sso/user/session", "verify_session"),
    (20, "PATCH", "/zato/sso/user/session", "renew_session"),
    (21, "GET", "/zato/sso/user/session", "get_session"),
    (22, "GET", "/zato/sso/user/session/list", "list_sessions"),
    (23, "POST", "/zato/sso/user/attr", "create_user_attr"),
    (24, "PATCH", "/zato/sso/user/attr", "update_user_attr"),
    (25, "PUT", "/zato/sso/user/attr", "set_user_attr"),
    (26, "DELETE", "/zato/sso/user/attr", "delete_user_attr"),
    (27, "GET", "/zato/sso/user/attr", "get_user_attr"),
    (28, "GET", "/zato/sso/user/attr/exists", "user_attr_exists"),
    (29, "GET", "/zato/sso/user/attr/names", "user_attr_names"),
    (30, "POST", "/zato/sso/session/attr", "create_session_attr"),
    (31, "PATCH", "/zato/sso/session/attr", "update_session_attr"),
    (32, "PUT", "/zato/sso/session/attr", "set_session_attr"),
    (33, "DELETE", "/zato/sso/session/attr", "delete_session_attr"),
    (34, "GET", "/zato/sso/session/attr", "get_session_attr"),
    (35, "GET", "/zato/sso/session/attr/exists", "session_attr_exists"),
    (36, "GET", "/zato/sso/session/attr/names", "session_attr_names"),
    (37, "POST", "/zato/sso/password/reset", "request_password_reset"),
    (38, "PATCH", "/zato/sso/password/reset", "access_password_reset"),
    (39, "DELETE", "/zato/sso/password/reset", "reset_password"),
]

_ROUTES = {name: (number, method, path) for number, method, path, name in OPERATIONS}


class Refused(Exception):
    """The API said `status: error`; `codes` says why."""

    def __init__(self, http_status: int, body: dict):
        super().__init__(f"HTTP {http_status}, {body.get('sub_status')}")
        self.http_status = http_status
        self.body = body
        self.codes = body.get("sub_status")


class HttpError(Exception):
    """An answer without the API's envelope."""

    def __init__(self, http_status: int, text: str):
        super().__init__(f"HTTP {http_status}: {text}")
        self.http_status = http_status
        self.text = text


class Client:
    """Calls for one application."""

    def __init__(self, host: str, port: int, current_app: str, time_max_seconds: float = 30):
        self.host = host
        self.port = port
        self.current_app = current_app
        self.time_max_seconds = time_max_seconds
        # Numbers of the operations that were done, for whoever wants to know what was tried.
        self.done: set[int] = set()
        # Parameters go into the body, or into the query string.
        self.by_query = False

    def send(self, method: str, target: str, headers: dict, body: bytes | None):
        """One request; its status, headers and text."""
        connection = http.client.HTTPConnection(
            self.host, self.port, timeout=self.time_max_seconds
        )
        try:
            connection.request(method, target, body=body, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode("utf-8")
        finally:
            connection.close()

    def call(self, operation: str, /, **parameters) -> dict:
        """An operation by its name here."""
        number, method, path = _ROUTES[operation]
        parameters = {"current_app": self.current_app} | parameters
        if self.by_query:
            as_text = lambda value: value if isinstance(value, str) else json.dumps(value)
            query = urlencode({key: as_text(value) for key, value in parameters.items()})
            target, headers, body = f"{path}?{query}", {}, None
        else:
            target, headers = path, {"Content-Type": "application/json"}
            body = json.dumps(parameters).encode()
        status, headers, text = self.send(method, target, headers, body)
        answer = _envelope(status, headers, text)
        self.done.add(number)
        return answer

    def under_definition(self, path: str, authorization: str, app: str | None = None):
        """Asks a resource that a Basic Auth or JWT definition protects.

        Returns the answer's object and the session's token, None without one.
        """
        headers = {"Authorization": authorization}
        if app is not None:
            headers["X-Zato-SSO-Current-App"] = app
        status, headers, text = self.send("GET", path, headers, None)
        return _envelope(status, headers, text), headers["X-Zato-SSO-UST"]

    # Logging in and out

    def login(self, **parameters) -> dict:
        """username, password; totp_code, new_password, remote_addr, user_agent."""
        return self.call("login", **parameters)

    def logout(self, *, ust: str) -> dict:
        return self.call("logout", ust=ust)

    # Signing up

    def sign_up(self, **parameters) -> dict:
        """username, password; email, app_list."""
        return self.call("sign_up", **parameters)

    def confirm_sign_up(self, *, confirm_token: str) -> dict:
        return self.call("confirm_sign_up", confirm_token=confirm_token)

    # Users

    def create_user(self, *, ust: str, username: str, **parameters) -> dict:
        return self.call("create_user", ust=ust, username=username, **parameters)

    def get_user(self, *, ust: str, **parameters) -> dict:
        """user_id, for super-users."""
        return self.call("get_user", ust=ust, **parameters)

    def update_user(self, *, ust: str, **parameters) -> dict:
        """user_id, for super-users; what is to be changed."""
        return self.call("update_user", ust=ust, **parameters)

    def delete_user(self, *, ust: str, user_id: str) -> dict:
        return self.call("delete_user", ust=ust, user_id=user_id)

    def search_users(self, *, ust: str, **criteria) -> dict:
        return self.call("search_users", ust=ust, **criteria)

    def approve_user(self, *, ust: str, user_id: str) -> dict:
        return self.call("approve_user", ust=ust, user_id=user_id)

    def reject_user(self, *, ust: str, user_id: str) -> dict:
        return self.call("reject_user", ust=ust, user_id=user_id)

    def change_password(self, *, ust: str, new_password: str, **parameters) -> dict:
        """old_password for oneself; user_id, password_expiry, must_change for super-users."""
        return self.call("change_password", ust=ust, new_password=new_password, **parameters)

    def lock_user(self, *, ust: str, user_id: str) -> dict:
        return self.call("lock_user", ust=ust, user_id=user_id)

    def unlock_user(self, *, ust: str, user_id: str) -> dict:
        return self.call("unlock_user", ust=ust, user_id=user_id)

    def reset_totp_key(self, *, ust: str, **parameters) -> dict:
        """user_id, for super-users; totp_key, totp_label."""
        return self.call("reset_totp_key", ust=ust, **parameters)

    # Linked accounts

    def create_linked_account(self, *, ust: str, user_id: str, auth_type: str, **parameters):
        """auth_username, is_active."""
        return self.call(
            "create_linked_account", ust=ust, user_id=user_id, auth_type=auth_type, **parameters
        )

    def list_linked_accounts(self, *, ust: str, **parameters) -> dict:
        """user_id, for super-users."""
        return self.call("list_linked_accounts", ust=ust, **parameters)

    def delete_linked_account(self, *, ust: str, user_id: str, auth_type: str, **parameters):
        """auth_username."""
        return self.call(
            "delete_linked_account", ust=ust, user_id=user_id, auth_type=auth_type, **parameters
        )

    # Sessions

    def verify_session(self, *, current_ust: str, target_ust: str) -> dict:
        return self.call("verify_session", current_ust=current_ust, target_ust=target_ust)

    def renew_session(self, *, ust: str) -> dict:
        return self.call("renew_session", ust=ust)

    def get_session(self, *, current_ust: str, target_ust: str) -> dict:
        return self.call("get_session", current_ust=current_ust, target_ust=target_ust)

    def list_sessions(self, **tokens) -> dict:
        """ust; or current_ust and target_ust."""
        return self.call("list_sessions", **tokens)

    # Attributes of users: ust; user_id for super-users; name, or data for several

    def create_user_attr(self, *, ust: str, **parameters) -> dict:
        return self.call("create_user_attr", ust=ust, **parameters)

    def update_user_attr(self, *, ust: str, **parameters) -> dict:
        return self.call("update_user_attr", ust=ust, **parameters)

    def set_user_attr(self, *, ust: str, **parameters) -> dict:
        return self.call("set_user_attr", ust=ust, **parameters)

    def delete_user_attr(self, *, ust: str, **parameters) -> dict:
        return self.call("delete_user_attr", ust=ust, **parameters)

    def get_user_attr(self, *, ust: str, **parameters) -> dict:
        return self.call("get_user_attr", ust=ust, **parameters)

    def user_attr_exists(self, *, ust: str, **parameters) -> dict:
        return self.call("user_attr_exists", ust=ust, **parameters)

    def user_attr_names(self, *, ust: str, **parameters) -> dict:
        return self.call("user_attr_names", ust=ust, **parameters)

    # Attributes of sessions: current_ust, target_ust; name, or data for several

    def create_session_attr(self, **parameters) -> dict:
        return self.call("create_session_attr", **parameters)

    def update_session_attr(self, **parameters) -> dict:
        return self.call("update_session_attr", **parameters)

    def set_session_attr(self, **parameters) -> dict:
        return self.call("set_session_attr", **parameters)

    def delete_session_attr(self, **parameters) -> dict:
        return self.call("delete_session_attr", **parameters)

    def get_session_attr(self, **parameters) -> dict:
        return self.call("get_session_attr", **parameters)

    def session_attr_exists(self, **parameters) -> dict:
        return self.call("session_attr_exists", **parameters)

    def session_attr_names(self, **parameters) -> dict:
        return self.call("session_attr_names", **parameters)

    # A forgotten password, in three steps

    def request_password_reset(self, *, credential: str) -> dict:
        return self.call("request_password_reset", credential=credential)

    def access_password_reset(self, *, token: str) -> dict:
        return self.call("access_password_reset", token=token)

    def reset_password(self, *, token: str, reset_key: str, password: str) -> dict:
        return self.call("reset_password", token=token, reset_key=reset_key, password=password)


def _envelope(http_status: int, headers, text: str) -> dict:
    is_json = (headers["Content-Type"] or "").startswith("application/json")
    body = json.loads(text) if is_json else None
    if not isinstance(body, dict) or "status" not in body:
        raise HttpError(http_status, text)
    if body["status"] == "error":
        raise Refused(http_status, body)
    if http_status != 200:
        raise HttpError(http_status, text)
    return body
