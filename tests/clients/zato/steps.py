"""The steps of the walk, in order. Each is a sentence that is true once its function returned."""

import authenticator
import process
import shapes
from client import HttpError
from shapes import done
from walk import World, refused, step

PASSWORD = "correct horse battery"
NEW_PASSWORD = "staple correct horse"
PING = "/zato/ping"
USER = "/zato/sso/user"
TOKEN = {"ust": shapes.is_token}


# Logging in and signing up


@step
def a_super_user_logs_in_with_what_the_first_start_printed(w: World):
    answer = w.sso.login(username=w.server.username, password=w.server.password)
    w.su = done(answer, TOKEN)["ust"]


@step
def a_super_user_sees_everything_of_itself(w: World):
    own = shapes.user_of_super(w.sso.get_user(ust=w.su))
    w.su_id = own["user_id"]
    assert own["username"] == w.server.username
    assert own["is_super_user"] is True and own["approval_status"] == "approved"
    assert own["approval_status_mod_by"] == "auto" and own["sign_up_status"] == "final"


@step
def somebody_signs_up(w: World):
    answer = w.sso.sign_up(
        username="ada", password=PASSWORD, email="ada@example.com", app_list=["CRM"]
    )
    w.confirm_token = done(answer, {"confirm_token": shapes.is_text})["confirm_token"]
    assert len(w.confirm_token) == 32


@step
def a_name_that_is_taken_cannot_be_signed_up_again(w: World):
    refused(["E005001"], w.sso.sign_up, username="ada", password=PASSWORD, app_list=["CRM"])


@step
def the_mail_to_them_carries_the_token(w: World):
    mail = w.server.mail("ada", "confirmation")
    assert mail["address"] == "ada@example.com"
    assert mail["token"] == w.confirm_token
    assert w.confirm_token in mail["text"] and w.confirm_token in mail["html"]


@step
def nobody_logs_in_before_confirming(w: World):
    refused(["E005003"], w.sso.login, username="ada", password=PASSWORD)
    refused(["E005001"], w.sso.login, username="ada", password="wrong")


@step
def a_sign_up_is_confirmed_once(w: World):
    refused(["E005006"], w.sso.confirm_sign_up, confirm_token="no such token")
    done(w.sso.confirm_sign_up(confirm_token=w.confirm_token))
    refused(["E005007"], w.sso.confirm_sign_up, confirm_token=w.confirm_token)


@step
def nobody_logs_in_before_approval(w: World):
    refused(["E005004"], w.sso.login, username="ada", password=PASSWORD)


@step
def a_search_by_name_finds_them(w: World):
    page = shapes.page(w.sso.search_users(ust=w.su, username="ada"))
    assert page["total"] == 1
    [found] = page["result"]
    w.ada_id = found["user_id"]
    assert found["approval_status"] == "before_decision" and found["is_approval_needed"] is True
    assert found["sign_up_status"] == "final" and found["email"] == "ada@example.com"


@step
def a_super_user_rejects_and_approves(w: World):
    for decide, status in ((w.sso.reject_user, "rejected"), (w.sso.approve_user, "approved")):
        done(decide(ust=w.su, user_id=w.ada_id))
        user = shapes.user_of_super(w.sso.get_user(ust=w.su, user_id=w.ada_id))
        assert user["approval_status"] == status
        assert user["approval_status_mod_by"] == w.su_id


@step
def the_welcome_is_mailed_when_the_account_is_usable(w: World):
    assert w.server.mail("ada", "welcome")["address"] == "ada@example.com"


@step
def whoever_is_confirmed_and_approved_logs_in(w: World):
    w.ada = done(w.sso.login(username="ada", password=PASSWORD, totp_code="ignored"), TOKEN)["ust"]


@step
def a_wrong_password_an_unknown_name_and_an_unknown_application_are_refused(w: World):
    refused(["E005001"], w.sso.login, username="ada", password="wrong")
    refused(["E005001"], w.sso.login, username="nobody", password=PASSWORD)
    login = {"username": "ada", "password": PASSWORD}
    # The contract's quirk: an error under HTTP 200.
    refused(["E004001"], w.sso.login, **login, current_app="nobody's", http_status=200)
    refused(["E006001"], w.sso.login, **login, remote_addr="192.0.2.1")


@step
def a_missing_parameter_is_a_bad_request(w: World):
    try:
        w.sso.login(username="ada")
    except HttpError as error:
        assert error.http_status == 400 and '"details":"Bad request"' in error.text, error
    else:
        raise AssertionError("it was taken")


# Users


@step
def a_regular_user_sees_of_itself_what_it_may(w: World):
    own = shapes.user_of_regular(w.sso.get_user(ust=w.ada))
    assert own["user_id"] == w.ada_id and own["username"] == "ada"
    refused(["E005001"], w.sso.get_user, ust=w.ada, user_id=w.ada_id)


@step
def a_super_user_creates_a_user(w: World):
    answer = w.sso.create_user(
        ust=w.su,
        username="grace",
        password=PASSWORD,
        first_name="Grace",
        last_name="Hopper",
        email="grace@example.com",
        auto_approve=True,
    )
    made = shapes.user_of_super(answer)
    w.grace_id = made["user_id"]
    assert made["display_name"] == "Grace Hopper" and made["approval_status_mod_by"] == w.su_id
    refused(["E001002"], w.sso.create_user, ust=w.su, username="grace")
    refused(["E005001"], w.sso.create_user, ust=w.ada, username="somebody")


@step
def a_user_updates_itself_and_no_more(w: World):
    new = {"display_name": "Ada", "first_name": "Augusta", "email": "countess@example.com"}
    done(w.sso.update_user(ust=w.ada, **new))
    own = shapes.user_of_regular(w.sso.get_user(ust=w.ada))
    assert new.items() <= own.items(), own
    done(w.sso.update_user(ust=w.ada, first_name=None))
    assert "first_name" not in w.sso.get_user(ust=w.ada)
    refused(["E008002"], w.sso.update_user, ust=w.ada, is_locked=False)
    refused(["E001002"], w.sso.update_user, ust=w.ada, username="grace")
    refused(["E008003"], w.sso.update_user, ust=w.ada)


@step
def a_super_user_updates_anybody(w: World):
    expiry = "2345-12-27T11:22:33"
    done(w.sso.update_user(ust=w.su, user_id=w.grace_id, password_expiry=expiry))
    assert w.sso.get_user(ust=w.su, user_id=w.grace_id)["password_expiry"] == expiry


@step
def a_search_is_read_page_by_page(w: World):
    for number in range(5):
        w.sso.create_user(ust=w.su, username=f"paged-{number}", display_name=f"Paged {number}")
    criteria = {"display_name": "pAGED", "is_name_exact": False, "page_size": 2}
    names = []
    for number in (1, 2, 3):
        page = shapes.page(w.sso.search_users(ust=w.su, cur_page=number, **criteria))
        names += [user["username"] for user in page["result"]]
        assert (page["total"], page["num_pages"], page["page_size"]) == (5, 3, 2)
        assert page["has_prev_page"] == (number > 1) and page["has_next_page"] == (number < 3)
        assert not page["has_next_page"] or page["next_page"] == number + 1
        assert not page["has_prev_page"] or page["prev_page"] == number - 1
    assert names == [f"paged-{number}" for number in range(5)]
    nobody = shapes.page(w.sso.search_users(ust=w.su, last_name="nobody"))
    assert nobody["result"] == [] and nobody["total"] == nobody["num_pages"] == 0
    refused(["E005001"], w.sso.search_users, ust=w.ada)


@step
def parameters_in_the_query_string_do_the_same(w: World):
    w.sso.by_query = True
    try:
        done(w.sso.update_user(ust=w.ada, display_name="Ada & Co. ü"))
        own = shapes.user_of_regular(w.sso.get_user(ust=w.ada))
        assert own["display_name"] == "Ada & Co. ü"
    finally:
        w.sso.by_query = False


@step
def a_password_is_changed_with_the_old_one(w: World):
    change = {"ust": w.ada, "new_password": NEW_PASSWORD}
    refused(["E005001"], w.sso.change_password, **change, old_password="wrong")
    refused(["E003002"], w.sso.change_password, ust=w.ada, new_password="x", old_password=PASSWORD)
    done(w.sso.change_password(**change, old_password=PASSWORD))
    refused(["E005001"], w.sso.login, username="ada", password=PASSWORD)
    done(w.sso.login(username="ada", password=NEW_PASSWORD), TOKEN)


@step
def a_password_that_ends_soon_is_warned_of_and_replaced_at_log_in(w: World):
    change = {"ust": w.su, "user_id": w.grace_id, "new_password": NEW_PASSWORD}
    done(w.sso.change_password(**change, password_expiry=1))
    warned = w.sso.login(username="grace", password=NEW_PASSWORD)
    assert (warned["status"], warned["sub_status"]) == ("warning", ["W003005"]), warned
    assert shapes.is_token(warned["ust"])
    done(w.sso.change_password(**change, must_change=True))
    refused(["E003007"], w.sso.login, username="grace", password=NEW_PASSWORD)
    login = {"username": "grace", "password": NEW_PASSWORD, "new_password": PASSWORD}
    w.grace = done(w.sso.login(**login), TOKEN)["ust"]


@step
def a_locked_user_is_out_at_once_and_back_after_unlocking(w: World):
    done(w.sso.lock_user(ust=w.su, user_id=w.ada_id))
    user = shapes.user_of_super(w.sso.get_user(ust=w.su, user_id=w.ada_id))
    assert user["is_locked"] is True and user["locked_by"] == w.su_id
    refused(["E005002"], w.sso.get_user, ust=w.ada)
    refused(["E005002"], w.sso.login, username="ada", password=NEW_PASSWORD)
    done(w.sso.unlock_user(ust=w.su, user_id=w.ada_id))
    shapes.user_of_regular(w.sso.get_user(ust=w.ada))
    refused(["E005001"], w.sso.lock_user, ust=w.ada, user_id=w.grace_id)


@step
def a_new_totp_key_is_told_once_and_its_codes_log_in(w: World):
    answer = w.sso.reset_totp_key(ust=w.ada, totp_label="Ada's phone")
    key = done(answer, {"totp_key": shapes.is_text})["totp_key"]
    done(w.sso.update_user(ust=w.ada, is_totp_enabled=True))
    own = shapes.user_of_regular(w.sso.get_user(ust=w.ada))
    assert own["is_totp_enabled"] is True and own["totp_label"] == "Ada's phone"
    login = {"username": "ada", "password": NEW_PASSWORD}
    refused(["E005008"], w.sso.login, **login)
    refused(["E005001"], w.sso.login, **login, totp_code="invalid")
    code, next_code = authenticator.codes(key)
    done(w.sso.login(**login, totp_code=code), TOKEN)
    refused(["E005001"], w.sso.login, **login, totp_code=code)
    done(w.sso.login(**login, totp_code=next_code), TOKEN)
    done(w.sso.reset_totp_key(ust=w.ada, totp_key="JBSWY3DPEHPK3PXP"))
    done(w.sso.update_user(ust=w.ada, is_totp_enabled=False))


# Linked accounts


def link(w: World, auth_type: str, name: str) -> dict:
    return {"ust": w.su, "user_id": w.ada_id, "auth_type": auth_type, "auth_username": name}


@step
def credentials_that_nobody_is_linked_to_open_no_session(w: World):
    answer, ust = w.sso.under_definition(PING, authenticator.basic(*process.BASIC_AUTH))
    assert done(answer, {"pong": shapes.is_text})["pong"] == "zato" and ust is None
    wrong = [authenticator.basic("pubapi", "wrong"), authenticator.bearer("partner", "x" * 32)]
    for authorization in wrong:
        try:
            w.sso.under_definition(PING, authorization)
        except HttpError as error:
            assert error.http_status == 401, error
        else:
            raise AssertionError("it was let in")


@step
def definitions_are_linked_to_a_user(w: World):
    basic, jwt = link(w, "basic_auth", "pubapi"), link(w, "jwt", "partner")
    done(w.sso.create_linked_account(**basic, is_active=True))
    done(w.sso.create_linked_account(**jwt, is_active=True))
    refused(["E008001"], w.sso.create_linked_account, **basic, is_active=True)
    refused(["E005001"], w.sso.create_linked_account, **(basic | {"ust": w.ada}))
    for own in ({"ust": w.ada}, {"ust": w.su, "user_id": w.ada_id}):
        listed = done(w.sso.list_linked_accounts(**own), {"result": shapes.is_list})["result"]
        for entry in listed:
            shapes.fits(entry, shapes.LINKED_ACCOUNT)
        kinds = sorted((entry["auth_type"], entry["auth_username"]) for entry in listed)
        assert kinds == [("basic_auth", "pubapi"), ("jwt", "partner")]


@step
def basic_auth_opens_a_session_of_the_linked_user_and_renews_it(w: World):
    authorization = authenticator.basic(*process.BASIC_AUTH)
    _, w.linked = w.sso.under_definition(PING, authorization)
    assert shapes.is_token(w.linked)
    _, again = w.sso.under_definition(PING, authorization, app="CRM")
    assert again == w.linked
    assert shapes.user_of_regular(w.sso.get_user(ust=w.linked))["user_id"] == w.ada_id
    listed = w.sso.list_sessions(ust=w.linked)["result"]
    [session] = [session for session in listed if session["auth_type"] == "basic_auth"]
    kinds = [change["ctx_source"] for change in session["session_state_change_list"]]
    assert kinds == ["login", "renew"]


@step
def each_json_web_token_opens_a_session_of_its_own(w: World):
    tokens = [authenticator.bearer(*process.JWT, number=number) for number in (1, 2, 1)]
    first, second, third = [w.sso.under_definition(PING, token)[1] for token in tokens]
    assert first == third != second and shapes.is_token(first) and shapes.is_token(second)


@step
def an_application_that_may_not_log_in_is_refused(w: World):
    authorization = authenticator.basic(*process.BASIC_AUTH)
    refused(["E004001"], w.sso.under_definition, PING, authorization, app="ERP")


@step
def with_the_link_goes_its_session(w: World):
    for gone in (link(w, "basic_auth", "pubapi"), link(w, "jwt", "partner")):
        done(w.sso.delete_linked_account(**gone))
        refused(["E008001"], w.sso.delete_linked_account, **gone)
    refused(["E007001"], w.sso.get_user, ust=w.linked)
    assert w.sso.list_linked_accounts(ust=w.ada)["result"] == []


# Sessions


@step
def a_super_user_verifies_and_gets_any_session(w: World):
    both = {"current_ust": w.su, "target_ust": w.ada}
    assert done(w.sso.verify_session(**both), {"is_valid": shapes.is_flag})["is_valid"] is True
    unknown = w.sso.verify_session(current_ust=w.su, target_ust="gAAAA")
    assert unknown["is_valid"] is False
    session = done(w.sso.get_session(**both), shapes.SESSION)
    assert session["remote_addr"] == "127.0.0.1"
    refused(["E007001"], w.sso.get_session, current_ust=w.su, target_ust="gAAAA")
    for call in (w.sso.verify_session, w.sso.get_session):
        refused(["E005001"], call, current_ust=w.ada, target_ust=w.ada)


@step
def a_session_is_renewed_by_its_owner_and_says_so(w: World):
    before = w.sso.get_session(current_ust=w.su, target_ust=w.grace)["expiration_time"]
    renewed = done(w.sso.renew_session(ust=w.grace), {"expiration_time": shapes.is_date})
    assert renewed["expiration_time"] > before
    after = w.sso.get_session(current_ust=w.su, target_ust=w.grace)["expiration_time"]
    assert after == renewed["expiration_time"]


@step
def sessions_are_listed_with_their_history_and_without_their_tokens(w: World):
    for tokens in ({"ust": w.grace}, {"current_ust": w.su, "target_ust": w.grace}):
        listed = done(w.sso.list_sessions(**tokens), {"result": shapes.is_list})["result"]
        for session in listed:
            shapes.fits(session, shapes.LISTED_SESSION)
            assert session["auth_principal"] == "grace" and session["auth_type"] == "default"
            changes = session["session_state_change_list"]
            for index, change in enumerate(changes, start=1):
                shapes.fits(change, shapes.STATE_CHANGE)
                assert change["idx"] == index
        kinds = [[c["ctx_source"] for c in s["session_state_change_list"]] for s in listed]
        assert sorted(kinds) == [["login"], ["login", "renew"]], kinds
    refused(["E008002"], w.sso.list_sessions, ust=w.su, current_ust=w.su, target_ust=w.grace)


# Attributes, of users and of sessions alike


@step
def attributes_of_a_user_are_kept(w: World):
    attributes(w, "user_attr", {"ust": w.ada})
    # A super-user does the same with anybody's; nobody else does.
    attributes(w, "user_attr", {"ust": w.su, "user_id": w.grace_id})
    refused(["E005001"], w.sso.user_attr_names, ust=w.ada, user_id=w.grace_id)


@step
def attributes_of_a_session_are_kept(w: World):
    attributes(w, "session_attr", {"current_ust": w.ada, "target_ust": w.ada})
    attributes(w, "session_attr", {"current_ust": w.su, "target_ust": w.grace})
    both = {"current_ust": w.ada, "target_ust": w.grace}
    refused(["E005001"], w.sso.session_attr_names, **both)


def attributes(w: World, kind: str, whose: dict):
    """Creates, reads, updates, sets and deletes them, one and several."""

    def call(what: str, /, **parameters):
        operation = f"{kind}_{what}" if what in ("exists", "names") else f"{what}_{kind}"
        return getattr(w.sso, operation)(**whose, **parameters)

    def refused_call(codes: list[str], what: str, /, **parameters):
        refused(codes, call, what, **parameters)

    anything = {"result": lambda value: True}
    done(call("create", name="phone", value="123", encrypt=True))
    refused_call(["E009001"], "create", name="phone", value="123")
    refused_call(["E008002"], "create")
    pair = [{"name": "lang", "value": "en"}, {"name": "n", "value": {"a": [1, None]}}]
    done(call("create", data=pair, expiration=3600))
    read = done(call("get", name="phone"), shapes.ATTRIBUTE | {"found": shapes.is_flag})
    assert read["found"] is True and read["value"] == "123" and read["is_encrypted"] is True
    assert read["expiration_time"] == "9999-12-31T00:00:00"
    assert call("get", name="phone", decrypt=False)["value"] != "123"
    missing = done(call("get", name="none"), {"found": shapes.is_flag})
    assert missing["found"] is False
    several = done(call("get", data=["lang", "n", "none"]), anything)["result"]
    assert several["none"] is None and several["n"]["value"] == {"a": [1, None]}
    shapes.fits(several["lang"], shapes.ATTRIBUTE)
    assert several["lang"]["expiration_time"] < "9999"

    done(call("update", name="phone", value="456"))
    read = call("get", name="phone")
    assert read["value"] == "456" and read["is_encrypted"] is False
    assert read["last_modified"] > read["creation_time"]
    refused_call(["E009002"], "update", name="none", value="x")
    done(call("set", name="none", value=""))
    assert call("get", name="none")["value"] == ""

    assert done(call("exists", name="lang"), anything)["result"] is True
    some = done(call("exists", data=["lang", "missing"]), anything)["result"]
    assert some == {"lang": True, "missing": False}
    names = done(call("names"), {"result": shapes.is_list})["result"]
    assert sorted(names) == ["lang", "n", "none", "phone"]
    done(call("delete", name="none"))
    done(call("delete", data=["n", "missing"]))
    assert sorted(call("names")["result"]) == ["lang", "phone"]


# Logging out, a forgotten password, deleting


@step
def logging_out_ends_the_session_and_its_attributes(w: World):
    done(w.sso.logout(ust=w.grace))
    done(w.sso.logout(ust=w.grace))
    refused(["E007001"], w.sso.get_user, ust=w.grace)
    both = {"current_ust": w.su, "target_ust": w.grace}
    refused(["E007001"], w.sso.session_attr_names, **both)
    assert w.sso.verify_session(**both)["is_valid"] is False
    assert "lang" in w.sso.user_attr_names(ust=w.su, user_id=w.grace_id)["result"]


@step
def a_reset_is_promised_to_everybody_alike(w: World):
    empty = {"sub_status": lambda value: value == []}
    done(w.sso.request_password_reset(credential="nobody"), empty)
    done(w.sso.request_password_reset(credential="ada"), empty)


@step
def a_forgotten_password_is_replaced_in_three_steps(w: World):
    empty = {"sub_status": lambda value: value == []}
    token = w.server.mail("ada", "password_reset")["token"]
    assert shapes.is_reset_token(token)
    refused(["E010001"], w.sso.access_password_reset, token="no such token")
    answer = w.sso.access_password_reset(token=token)
    key = done(answer, empty | {"reset_key": shapes.is_token})["reset_key"]
    refused(["E010001"], w.sso.access_password_reset, token=token)
    both = {"token": token, "reset_key": key}
    refused(["E003002"], w.sso.reset_password, **both, password="x")
    done(w.sso.reset_password(**both, password=PASSWORD), empty)
    refused(["E010001"], w.sso.reset_password, **both, password=PASSWORD)
    refused(["E005001"], w.sso.login, username="ada", password=NEW_PASSWORD)
    done(w.sso.login(username="ada", password=PASSWORD), TOKEN)
    # Sessions from before stay.
    shapes.user_of_regular(w.sso.get_user(ust=w.ada))


@step
def a_user_is_deleted_by_a_super_user_with_everything(w: World):
    refused(["E005001"], w.sso.delete_user, ust=w.ada, user_id=w.ada_id)
    refused(["E008001"], w.sso.delete_user, ust=w.su, user_id=w.su_id)
    done(w.sso.delete_user(ust=w.su, user_id=w.ada_id))
    refused(["E008001"], w.sso.delete_user, ust=w.su, user_id=w.ada_id)
    refused(["E007001"], w.sso.get_user, ust=w.ada)
    refused(["E005001"], w.sso.login, username="ada", password=PASSWORD)
    assert w.sso.search_users(ust=w.su, user_id=w.ada_id)["total"] == 0


@step
def paths_and_methods_that_are_not_there_are_refused(w: World):
    for method, path, expected in (("GET", f"{USER}/nothing", 404), ("PUT", USER, 405)):
        status, _, text = w.sso.send(method, path, {}, b"{}")
        assert status == expected, f"{method} {path}: {status} {text}"
